import type { RecordsOfBlob } from '../destinations/destination.ts';
import { ManagementApiError } from '../errors.ts';
import { isDerivableContentUri } from '../office365/content-urls.ts';
import { noteFailure, type Batch, type IndexedBlob } from './batch.ts';
import { concernsTenant, isExpired, isNotFound } from './blob-failure.ts';
import { ContentLookup } from './content-lookup.ts';
import { serverNowMs } from './dependencies.ts';
import { fetchAhead } from './fetch-ahead.ts';
import { splitBlobs } from './split-blob.ts';

/** Blobs of one batch that are fetched at once. */
const concurrentFetches = 8;

/** An attempt that takes longer hands back what it has: the start-to-close time-out is 15 minutes. */
const attemptMs = 10 * 60_000;

/**
 * The blobs as they can be handed on. One that cannot be fetched is noted in `progress` and left out; once an answer concerns
 * the whole tenant, no more is asked for.
 */
export async function* fetchBlobs(
  wanted: readonly IndexedBlob[],
  batch: Batch,
): AsyncGenerator<RecordsOfBlob, void, undefined> {
  const { dependencies, tenant, progress, signal } = batch;
  const { memory, deadLetter } = dependencies;
  const { maxRecordBytes } = tenant.config.settings;
  const endMs = Date.now() + attemptMs;
  function* whileWell() {
    for (const blob of wanted) {
      if (progress.stopCause !== undefined || Date.now() >= endMs) return;
      yield blob;
    }
  }
  const fetching = {
    limit: concurrentFetches,
    memory,
    retrieve: retrieveBlobs(batch),
    split: splitBlobs({ maxRecordBytes, deadLetter, memory, signal }),
    signal,
  };
  for await (const fetched of fetchAhead(whileWell(), fetching)) {
    signal.throwIfAborted();
    if ('blob' in fetched) yield fetched.blob;
    else noteFailure(batch, (fetched.origin as IndexedBlob).index, fetched.error);
  }
}

/** Retrieves a blob's body; one that is not found is looked up in a fresh listing, which may name another address. */
function retrieveBlobs({ tenant, input, signal }: Batch) {
  const { client, config } = tenant;
  const options = { signal, priority: input.priority };
  const lookup = new ContentLookup(tenant, input.contentType, options);

  async function addressInListing(
    blob: IndexedBlob,
    notFound: ManagementApiError,
  ): Promise<string | undefined> {
    const listed = await lookup.find(blob).catch((error: unknown) => {
      throw signal.aborted || concernsTenant(error) ? error : notFound;
    });
    if (listed !== undefined) {
      const { contentUri, contentId } = listed;
      return isDerivableContentUri(contentUri, contentId, config) ? undefined : contentUri;
    }
    if (!isExpired(blob, serverNowMs(tenant))) throw notFound;
    throw new ManagementApiError(
      'contentExpired',
      `${notFound.message} It is past its expiration and not listed any more: lost.`,
    );
  }

  return async (blob: IndexedBlob): Promise<AsyncIterable<Uint8Array>> => {
    try {
      return await client.retrieveContent(blob, input.contentType, options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const contentUri = await addressInListing(blob, error);
      if (contentUri === blob.contentUri) throw error;
      return client.retrieveContent({ ...blob, contentUri }, input.contentType, options);
    }
  };
}
