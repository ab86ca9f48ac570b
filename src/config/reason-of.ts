/** What a failed file operation means and what to do about it, in words. */
export function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  const reasons: Record<string, string> = {
    ENOENT: 'it does not exist; create it or correct the path',
    ENOTDIR: 'a part of the path is not a folder; correct the path',
    ENAMETOOLONG: 'the path is too long; correct it',
    EISDIR: 'it is a folder; name the file in it',
    EACCES: 'no permission; let the user of this process read it',
  };
  return reasons[code] ?? code;
}
