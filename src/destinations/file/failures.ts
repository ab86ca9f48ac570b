import { DestinationError } from '../../errors.ts';
import { writeFailure } from '../../files/write-failure.ts';

/** An error of the operating system as a `DestinationError` that names the folder and the remedy; any other as it is. */
export function toDestinationError(error: unknown, folder: string): unknown {
  const failure = writeFailure(error, folder);
  return failure === undefined
    ? error
    : new DestinationError(failure.kind, failure.message, { cause: error });
}
