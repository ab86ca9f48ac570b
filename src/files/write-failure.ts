/** Whether a refusal may mend itself, or somebody has to change a path. */
type WriteFailureKind = 'unavailable' | 'misconfigured';

/** What the operating system's refusal means for the folder, and the remedy. Everything but a wrong path may mend itself. */
const meanings: Readonly<Record<string, { readonly kind: WriteFailureKind; readonly remedy: string }>> = {
  ENOSPC: { kind: 'unavailable', remedy: 'the disk is full; free some space' },
  EDQUOT: { kind: 'unavailable', remedy: 'the disk quota is used up; raise it or free some space' },
  EFBIG: { kind: 'unavailable', remedy: 'the limit of the size of a file is reached; raise it (ulimit -f)' },
  EACCES: { kind: 'unavailable', remedy: 'no right to write there; give it to the user of this process' },
  EPERM: { kind: 'unavailable', remedy: 'no right to write there; give it to the user of this process' },
  EROFS: { kind: 'unavailable', remedy: 'the file system is read-only; mount it for writing' },
  EMFILE: { kind: 'unavailable', remedy: 'too many open files; raise the limit (ulimit -n)' },
  ENFILE: {
    kind: 'unavailable',
    remedy: 'too many open files on this machine; raise the limit (fs.file-max)',
  },
  EIO: { kind: 'unavailable', remedy: 'the disk reports an error; look after it' },
  ENOENT: { kind: 'unavailable', remedy: 'a folder was removed meanwhile; it is created again' },
  ENOTDIR: {
    kind: 'misconfigured',
    remedy: 'a file is in the way of a folder; move it or configure another path',
  },
  EEXIST: {
    kind: 'misconfigured',
    remedy: 'a file is in the way of a folder; move it or configure another path',
  },
  EISDIR: {
    kind: 'misconfigured',
    remedy: 'a folder is in the way of a file; move it or configure another path',
  },
  ELOOP: {
    kind: 'misconfigured',
    remedy: 'symbolic links lead in a circle; mend them or configure another path',
  },
  ENAMETOOLONG: { kind: 'misconfigured', remedy: 'the name is too long; configure a shorter path' },
};

/** What an error of the operating system means for a folder, in words that name it and the remedy; undefined for any other error. */
export function writeFailure(
  error: unknown,
  folder: string,
): { readonly kind: WriteFailureKind; readonly message: string } | undefined {
  if (!isSystemError(error)) return undefined;
  const { kind, remedy } = meanings[error.code] ?? { kind: 'unavailable', remedy: 'see the error code' };
  return { kind, message: `Cannot write below ${folder}: ${remedy} (${error.code})` };
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string';
}
