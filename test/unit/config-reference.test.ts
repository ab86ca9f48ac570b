import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { configurationReference, page } from '../../tools/write-configuration-reference.ts';

it('docs/configuration.md is what the schema says; else run `npx tsx tools/write-configuration-reference.ts`', async () => {
  const written = await readFile(page, 'utf8');
  expect(written).toBe(await configurationReference(written));
});
