/**
 * The configuration after loading: complete, resolved and checked. The rest of the service sees these types only;
 * `schema.ts` knows the YAML, `load.ts` turns one into the other.
 */

export interface Config {
  readonly tenants: readonly TenantConfig[];
  /** Every destination that a tenant names, shared ones and those that belong to one tenant. */
  readonly destinations: readonly DestinationConfig[];
  readonly network: NetworkConfig;
  /** SHA-256 (hex) over the configuration without its secrets: equal hashes, same configuration. */
  readonly hash: string;
  /** What is odd but works, for example a content type that looks misspelt. */
  readonly warnings: readonly string[];
}

/** How this process reaches the outside. */
export interface NetworkConfig {
  /** May hold the password of the proxy. */
  readonly proxyUrl: Secret | undefined;
  /** Absolute path of a PEM file with authorities that are trusted beside those of the system. */
  readonly caPath: string | undefined;
}

export interface TenantConfig {
  /** GUID in lower case. */
  readonly tenantId: string;
  readonly name: string | undefined;
  /** Id of the application; undefined for a managed identity, which stands for one by itself. */
  readonly clientId: string | undefined;
  readonly credential: Credential;
  /** Origin of the API without a slash at the end, for example `https://manage.office.com`. */
  readonly apiUrl: string;
  /** Origin of the token endpoint without a slash at the end. */
  readonly loginUrl: string;
  /** Scope of the token, always that of `api_type`. */
  readonly scope: string;
  readonly publisherIdentifier: string;
  /** Canonical content types, each once. */
  readonly subscriptions: readonly string[];
  /** ISO 8601 with `Z`; instead of `lookbackMs`. */
  readonly startTime: string | undefined;
  readonly settings: SubscriptionSettings;
  /** `DestinationConfig.key`s, at least one. */
  readonly destinations: readonly string[];
}

export interface SubscriptionSettings {
  readonly intervalMs: number;
  readonly maxIntervalMs: number;
  readonly settleTimeMs: number;
  readonly lookbackMs: number;
  readonly sweepAgesMs: readonly number[];
  /** Heartbeat time-out of a waiting listing. */
  readonly listingHeartbeatMs: number;
  /** `Infinity` for `unlimited`. */
  readonly requestsPerMinute: number;
  readonly coveragePath: string;
  readonly deadLetterPath: string;
  /** A longer record goes to the dead letter. */
  readonly maxRecordBytes: number;
}

/** How the application proves who it is. Secrets in memory are wrapped, so that no log or dump shows them. */
export type Credential =
  | { readonly type: 'secret'; readonly secret: Secret }
  | { readonly type: 'secretFile'; readonly path: string }
  | {
      readonly type: 'certificate';
      readonly path: string;
      readonly keyPath: string | undefined;
      readonly passwordPath: string | undefined;
    }
  | { readonly type: 'federatedToken'; readonly path: string }
  /** `clientId` of a user-assigned identity; undefined for the system-assigned one. */
  | { readonly type: 'managedIdentity'; readonly clientId: string | undefined };

export interface DestinationConfig {
  /** Unique over all: the name of a shared one, `<tenantId>/<name>` for one that belongs to a tenant. */
  readonly key: string;
  readonly name: string;
  readonly type: string;
  /** How far back a destination added later is owed. */
  readonly lookbackMs: number;
  readonly deduplicateBy: 'content' | 'id';
  /** The keys of its type, checked by the schema of `destinations/registry.ts`, paths absolute. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A value that shows itself to nobody but who asks for it by name. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }
}
