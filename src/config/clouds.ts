/** Hosts of the Management Activity API and of its token endpoint in Microsoft's clouds. */
export interface Cloud {
  readonly apiUrl: string;
  readonly loginUrl: string;
  readonly scope: string;
}

/**
 * By `api_type`. Source: Management Activity API reference, "Activity API operations" (roots per plan), and Microsoft's
 * list of national login hosts. The scope of `dod` is by analogy; `china` stands in no page of Microsoft's.
 */
export const clouds = {
  commercial: cloud('https://manage.office.com', 'https://login.microsoftonline.com'),
  gcc: cloud('https://manage-gcc.office.com', 'https://login.microsoftonline.com'),
  'gcc-high': cloud('https://manage.office365.us', 'https://login.microsoftonline.us'),
  dod: cloud('https://manage.protection.apps.mil', 'https://login.microsoftonline.us'),
  china: cloud('https://manage.office365.cn', 'https://login.partner.microsoftonline.cn'),
} as const;

export type ApiType = keyof typeof clouds;

export const apiTypes = Object.keys(clouds) as ApiType[];

function cloud(apiUrl: string, loginUrl: string): Cloud {
  return { apiUrl, loginUrl, scope: `${apiUrl}/.default` };
}
