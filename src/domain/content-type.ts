/**
 * Microsoft's content types: the five documented feeds, and any string that Microsoft may add.
 * Source: Management Activity API reference, "Office 365 Management API permissions" and "Start a subscription".
 */
export const knownContentTypes = [
  'Audit.AzureActiveDirectory',
  'Audit.Exchange',
  'Audit.SharePoint',
  'Audit.General',
  'DLP.All',
] as const;

/** The spelling Microsoft documents for one of the five in any letter case; any other string as it is, trimmed. */
export function canonicalContentType(contentType: string): string {
  const trimmed = contentType.trim();
  return knownContentTypes.find((known) => known.toLowerCase() === trimmed.toLowerCase()) ?? trimmed;
}

/** Whether the string is one of the five in their documented spelling. */
export function isKnownContentType(contentType: string): boolean {
  return (knownContentTypes as readonly string[]).includes(contentType);
}

/** The one of the five that the string was probably meant to be, when it is none of them but close to one. */
export function nearestKnownContentType(contentType: string): string | undefined {
  const written = contentType.trim().toLowerCase();
  return knownContentTypes.find((known) => {
    const distance = editDistance(written, known.toLowerCase());
    return distance > 0 && distance <= Math.max(2, Math.floor(known.length / 5));
  });
}

/** Levenshtein distance: single characters inserted, deleted or replaced. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
