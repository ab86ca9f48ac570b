import { readdirSync, readFileSync } from 'node:fs';
import { splitRecords, type RecordLimits } from '../src/office365/record-reader.ts';

/**
 * How fast the record reader cuts a body, as a ratio against `JSON.parse` and `JSON.stringify` of the same body in the same run,
 * and how much memory it takes for a body of 200 MB. Ends with 1 when it is less than three times as fast, or when the memory
 * grows with the body.
 */

const mebibyte = 1024 * 1024;
const bodyBytes = 16_000_000;
const chunkBytes = 64 * 1024;
const rounds = 9;
const leastRatio = 3;
const longBodyBytes = 200_000_000;
const mostMemoryBytes = 64 * mebibyte;

const limits: RecordLimits = {
  maxRecordBytes: 64 * mebibyte,
  largeRecordBytes: 4 * mebibyte,
  reserveLargeRecord: () => Promise.reject(new Error('no large records here')),
  onOversized: () => Promise.reject(new Error('no oversized records here')),
};

function* chunksOf(body: Buffer): Generator<Buffer> {
  for (let start = 0; start < body.length; start += chunkBytes)
    yield body.subarray(start, start + chunkBytes);
}

async function cut(chunks: Iterable<Buffer>): Promise<number> {
  let records = 0;
  for await (const batch of splitRecords(toAsync(chunks), limits)) records += batch.length;
  return records;
}

async function* toAsync(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield chunk;
}

async function parseAndWrite(body: Buffer): Promise<number> {
  const records = JSON.parse(body.toString('utf8')) as unknown[];
  Buffer.from(JSON.stringify(records));
  return records.length;
}

/** Repeats the records until the body has the wanted length. */
function bodyOf(records: readonly string[]): Buffer {
  const body: string[] = [];
  for (let bytes = 0, index = 0; bytes < bodyBytes; index++) {
    const record = records[index % records.length]!;
    body.push(record);
    bytes += record.length + 1;
  }
  return Buffer.from(`[${body.join(',')}]`);
}

/** Bytes per second of CPU time; the two take turns, as other work on the machine comes and goes. */
async function compare(body: Buffer): Promise<{ readonly cutting: number; readonly parsing: number }> {
  const microseconds = { cutting: 0, parsing: 0 };
  for (let round = -1; round < rounds; round++) {
    for (const [name, work] of [
      ['cutting', () => cut(chunksOf(body))],
      ['parsing', () => parseAndWrite(body)],
    ] as const) {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      // The first round is for the compiler.
      if (round >= 0) microseconds[name] += user + system;
    }
  }
  const speed = (spent: number) => (rounds * body.length * 1e6) / spent;
  return { cutting: speed(microseconds.cutting), parsing: speed(microseconds.parsing) };
}

/** The most memory that buffers took while a body that is made on the way was cut. */
async function memoryOfLongBody(record: string): Promise<number> {
  const block = Buffer.from(`${record},`.repeat(Math.ceil(chunkBytes / record.length)));
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  function* chunks(): Generator<Buffer> {
    yield Buffer.from('[');
    for (let bytes = 0; bytes < longBodyBytes; bytes += block.length) {
      // Copies, as they come from a socket.
      for (const chunk of chunksOf(block)) yield Buffer.from(chunk);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    yield Buffer.from('{}]');
  }
  await cut(chunks());
  return most;
}

const folder = new URL('../src/simulator/events/', import.meta.url);
const small = readdirSync(folder)
  .filter((name) => name.endsWith('.ndjson'))
  .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').trim().split('\n'))
  .filter(({ length }) => length < 10_000);
/** A document inside a string, as in `Data` of an investigation. */
const large = JSON.stringify({ Id: 'large', Data: JSON.stringify(small.slice(-40)) });

const bodies = { 'small records': small, 'large records': [large] };
let isWell = true;
for (const [name, records] of Object.entries(bodies)) {
  const { cutting, parsing } = await compare(bodyOf(records));
  const ratio = cutting / parsing;
  isWell &&= ratio >= leastRatio;
  const mean = records.reduce((sum, { length }) => sum + length, 0) / records.length;
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB/s`;
  process.stdout.write(
    `${name} (${Math.round(mean)} bytes): ${megabytes(cutting)}, JSON.parse + JSON.stringify ${megabytes(parsing)}, ratio ${ratio.toFixed(1)}\n`,
  );
}
const memory = await memoryOfLongBody(large);
isWell &&= memory < mostMemoryBytes;
process.stdout.write(
  `a body of ${longBodyBytes / 1e6} MB: at most ${Math.ceil(memory / mebibyte)} MiB in buffers\n`,
);
process.exitCode = isWell ? 0 : 1;
