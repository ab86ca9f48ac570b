import { z } from 'zod';

/** What one configures of a `file` destination. */
export const fileOptions = z.strictObject({
  path: z
    .string()
    .min(1)
    .meta({
      isPath: true,
      description: 'Folder for the files; relative paths start at the folder of the configuration file.',
      examples: ['/var/lib/office365-ingest/events'],
    }),
});

export type FileOptions = z.infer<typeof fileOptions>;
