/** Where a value stands in a document: keys of maps and indices of lists, from the outside in. */
export type KeyPath = readonly PropertyKey[];

/** A map of a document, before anything is known of its values. */
export type Keys = Readonly<Record<string, unknown>>;

/** As a person writes it: `tenants[1].client_id`. */
export function formatKeyPath(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? formatKey(String(key)) : `${text}.${formatKey(String(key))}`;
  }, '');
}

/** A key as it is, unless a value may have slipped into it, as in `client_secret:abc` without the space. */
function formatKey(key: string): string {
  return /^[\w.-]{1,64}$/.test(key) ? key : '…';
}

export function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
