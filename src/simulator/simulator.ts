import type { SimulatorConfigSettings } from './config-yaml.ts';
import type { ContentDescription } from './content-of-id.ts';
import type { Fault, FaultRequest } from './faults.ts';
import type { SimulatorReport } from './ledger.ts';
import type { Population } from './population.ts';
import type { PopulationSnapshot } from './snapshot.ts';

/** A running simulator. */
export interface Simulator {
  /** Scheme, host and port, of the API, the token endpoint and the simulator's own endpoints alike. */
  readonly url: string;
  /** The certificate authority to trust, as PEM; `undefined` without https. */
  readonly caPem: string | undefined;
  readonly population: Population;
  readonly clientId: string;
  readonly clientSecret: string;
  report(): SimulatorReport;
  /** What stands under a contentId, that of a cut blob included. */
  content(contentId: string): ContentDescription | undefined;
  /** What `verifyDelivery` needs to know of this simulator, also after its end. */
  snapshot(): PopulationSnapshot;
  configYaml(settings?: SimulatorConfigSettings): string;
  /** The id of the fault. */
  addFault(fault: FaultRequest): string;
  /** False when there is none of this id. */
  removeFault(id: string): boolean;
  faults(): readonly Fault[];
  /** Stops live arrival for good. */
  freeze(): void;
  /** ISO 8601. */
  clock(): { readonly now: string; readonly frozenAt: string | null };
  /** Ends all connections. May be called again. */
  close(): Promise<void>;
}
