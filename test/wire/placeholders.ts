/** Values of the placeholders that the caller knows, for example `tenant` and `api`. */
export type Values = Readonly<Record<string, string>>;

/** What the service chooses: an example that stands in its place, and the form it has to have. */
interface Form {
  readonly example: string;
  readonly pattern: string;
}

const guid: Form = {
  example: '1be932f4-b140-45b6-a970-83c131738fd7',
  pattern: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
};

const time: Form = {
  example: '2020-07-05T15:24:11.486Z',
  pattern: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z',
};

const jwt: Form = { example: 'header.claims.signature', pattern: '[\\w-]+\\.[\\w-]+\\.[\\w-]*' };

/** yyyyMMddHHmmssfff and six digits, twice; container, table, scale unit. */
const contentIdPattern = '\\d{23}\\$\\d{23}\\$(?:audit|dlp)_[a-z]+\\$(?:Audit|DLP)_[A-Za-z]+\\$[a-z]+\\d{4}';

/** The forms that were seen on the wire, or are documented. */
const forms: Readonly<Record<string, Form>> = {
  guid,
  contentId: {
    example: '20200705152230936019353$20200705152411486034089$audit_sharepoint$Audit_SharePoint$emea0036',
    pattern: contentIdPattern,
  },
  secondContentId: {
    example: '20200705153000000019353$20200705153100000034089$audit_general$Audit_General$na0022',
    pattern: contentIdPattern,
  },
  contentCreated: time,
  contentExpiration: { ...time, example: '2020-07-12T15:22:30.936Z' },
  notificationSent: time,
  position: { example: '20200220001806300068349', pattern: '\\d{23}' },
  scaleUnit: { example: 'na0022', pattern: '[a-z]+\\d{4}' },
  blobPage: { example: '2', pattern: '.+' },
  wait: { example: '8m 46s', pattern: '(?:\\d+m )?\\d+s' },
  digits: { example: '3599', pattern: '\\d+' },
  roles: { example: '', pattern: '[\\w. ,]*' },
  timestamp: { example: '2022-12-09 15:04:13Z', pattern: '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ' },
  text: { example: 'Some words.', pattern: '[^]*' },
  validationCode: { example: 'an-opaque-code', pattern: '.+' },
  webhook: { example: 'https://webhook.example/o365/', pattern: 'https?://.+' },
  authId: { example: '', pattern: '.*' },
  foreign: { example: 'https://foreign.example/', pattern: 'https?://.+' },
  jwt,
  jwtWithoutRoles: jwt,
};

/** What is the same wherever it stands in an answer and in the requests that follow it. */
const boundNames = ['contentId', 'secondContentId', 'position', 'scaleUnit', 'blobPage', 'validationCode'];

const placeholder = /\{([^{}"\n]*)\}/g;

/** The text with a value for each placeholder, the first of several spellings, the example of what the service chooses. */
export function fill(text: string, values: Values, nowMs: number): string {
  return text.replace(placeholder, (whole, inner: string) => resolve(inner, values, nowMs)?.example ?? whole);
}

/**
 * Whether a text is what the transcript says. Some of what the service chose is kept in `bound`, and has to be the same
 * wherever it stands.
 */
export function matches(
  text: string,
  transcript: string,
  values: Values,
  nowMs: number,
  bound: Map<string, string> = new Map(),
): boolean {
  const known = { ...values, ...Object.fromEntries(bound) };
  const named = new Set<string>();
  let pattern = '';
  let end = 0;
  for (const match of transcript.matchAll(placeholder)) {
    const inner = match[1] ?? '';
    const form = resolve(inner, known, nowMs)?.pattern ?? escape(match[0]);
    pattern += escape(transcript.slice(end, match.index));
    if (named.has(inner)) pattern += `\\k<${inner}>`;
    else if (boundNames.includes(inner)) pattern += `(?<${inner}>${form})`;
    else pattern += form;
    if (boundNames.includes(inner)) named.add(inner);
    end = match.index + match[0].length;
  }
  const found = new RegExp(`^${pattern}${escape(transcript.slice(end))}$`, 'u').exec(text);
  for (const [name, value] of Object.entries(found?.groups ?? {})) bound.set(name, value);
  return found !== null;
}

function resolve(inner: string, values: Values, nowMs: number): Form | undefined {
  const [name = '', example] = inner.split('=');
  const value = values[name] ?? timeAt(inner, nowMs);
  if (value !== undefined) return { example: value, pattern: escape(value) };
  if (inner === 'bom') return { example: '\ufeff', pattern: '\ufeff?' };
  const form = forms[name];
  if (form !== undefined) return { ...form, example: example ?? form.example };
  if (!inner.includes('|')) return undefined;
  const spellings = inner.split('|');
  return {
    example: spellings[0] ?? '',
    pattern: `(?:${spellings.map((spelling) => escape(spelling)).join('|')})`,
  };
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `now-2h`, `now+1d:ticks`: whole seconds of UTC without zone, or in another form. */
function timeAt(inner: string, nowMs: number): string | undefined {
  const [, sign, amount, unit = '', form] =
    /^now([+-])(\d+)([mhd])(?::(date|minute|ms|ticks|position))?$/.exec(inner) ?? [];
  if (sign === undefined) return undefined;
  const offsetMs = Number(amount) * (unitMs[unit] ?? 0) * (sign === '-' ? -1 : 1);
  const seconds = new Date(Math.floor(nowMs / 1000) * 1000 + offsetMs).toISOString().slice(0, 19);
  if (form === 'date') return seconds.slice(0, 10);
  if (form === 'minute') return seconds.slice(0, 16);
  if (form === 'ms') return `${seconds}.000Z`;
  if (form === 'ticks') return `${seconds}.0000000Z`;
  if (form === 'position') return `${seconds.replaceAll(/\D/g, '')}000000000`;
  return seconds;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
