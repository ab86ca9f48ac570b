import { defineConfig } from 'vitest/config';

/** The tests that `npm run mutate` judges: those of pure code, which need nothing but themselves. */
export default defineConfig({
  test: {
    pool: 'forks',
    // Instrumented code is slow; what takes seconds even so is left to the ordinary run.
    testTimeout: 60_000,
    testNamePattern: /^(?!.*(200,000 questions|60000 settled|follows the law|spreads ids|seven days))/,
    include: [
      'test/unit/{audit-record,record-limits,record-reader,record-splitter.property}.test.ts',
      'test/unit/{attachment,backfill,checkpoint,checkpoint-reader,checkpoint-size,content-blob,content-type}.test.ts',
      'test/unit/{coverage,delivered-ids,delivered-ids-probability,deliveries,deliveries-again,gaps,hour}.test.ts',
      'test/unit/{losses,owed-work,progress,quarantine}.test.ts',
      'test/unit/{murmur3,ids,pacing,time-window}.test.ts',
    ],
  },
});
