import type { z } from 'zod';
import type { DestinationContext } from '../../src/destinations/destination.ts';
import { httpOptions } from '../../src/destinations/http/config.ts';
import { createHttpDestination } from '../../src/destinations/http/index.ts';
import { linesOf, startSiem } from '../fakes/siem.ts';
import { describeDestinationContract, type DestinationUnderTest } from './destination-contract.ts';

type Form = z.infer<typeof httpOptions>['body'];

/** Cuts bodies as a server would, byte by byte. */
const recordsOf: Record<Form, (body: Buffer) => Buffer[] | undefined> = {
  ndjson: linesOf,
  array: elementsOf,
  single: (body) => [body],
};

const context: DestinationContext = {
  deadLetter: { write: () => Promise.reject(new Error('no record of the contract is refused')) },
  network: {},
  readSecretFile: () => Promise.reject(new Error('no secret is configured')),
};

async function makeSystem(form: Form): Promise<DestinationUnderTest> {
  const stored: Buffer[] = [];
  const siem = await startSiem({
    recordsOf: recordsOf[form],
    onStored: (record) => stored.push(Buffer.from(record)),
  });
  // Few enough records are held to be seen waiting, and more than a source hands over at once.
  const room = form === 'single' ? { concurrency: 64 } : { max_batch_records: 60 };
  const options = { url: siem.url, body: form, max_batch_age: '20ms', ...room };
  const destination = createHttpDestination('siem', httpOptions.parse(options), context);
  return {
    destination,
    stored: async () => [...stored],
    breakDown: () => siem.down(),
    mend: () => siem.up(),
    stall: async () => {
      siem.answer = 'hang';
      return async () => {
        siem.answer = 200;
      };
    },
    dispose: async () => {
      // First, as it cuts what hangs.
      await siem.close();
      await destination.close();
    },
  };
}

/** The elements of an array that was written without white space around them. */
function elementsOf(body: Buffer): Buffer[] | undefined {
  const elements: Buffer[] = [];
  let start = 1;
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < body.length; at++) {
    const character = String.fromCharCode(body[at]!);
    if (isInString) {
      if (character === '\\') at++;
      isInString = character !== '"';
    } else if (character === '"') isInString = true;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    const isEnd = depth === 0 && at === body.length - 1;
    if (!isEnd && !(depth === 1 && character === ',' && !isInString)) continue;
    elements.push(body.subarray(start, at));
    start = at + 1;
  }
  return body[0] === '['.charCodeAt(0) && start === body.length ? elements : undefined;
}

describeDestinationContract('http with lines', () => makeSystem('ndjson'), {
  storesOnce: false,
  storedForm: (record) => record.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte)),
});

describeDestinationContract('http with arrays', () => makeSystem('array'), { storesOnce: false });

describeDestinationContract('http with single records', () => makeSystem('single'), { storesOnce: false });
