import type { Dispatcher } from 'undici';
import { createHttpDispatcher, type ServerTls } from '../../http/dispatcher.ts';
import type { DestinationContext } from '../destination.ts';
import type { HttpOptions } from './config.ts';

type TlsPaths = Pick<HttpOptions, 'ca_path' | 'client_certificate_path' | 'client_certificate_key_path'>;

/** The connections to one server. Certificates are read at each use; those that have changed count for new connections. */
export class Connections {
  readonly #paths: TlsPaths;
  readonly #context: DestinationContext;
  #present: { readonly tls: string; readonly dispatcher: Dispatcher } | undefined;

  constructor(paths: TlsPaths, context: DestinationContext) {
    this.#paths = paths;
    this.#context = context;
  }

  /**
   * To be used at once: it is closed when a certificate has changed.
   *
   * @throws Error for a file that cannot be used
   */
  async dispatcher(): Promise<Dispatcher> {
    const tls = await this.#readTls();
    const text = JSON.stringify(tls);
    if (this.#present?.tls === text) return this.#present.dispatcher;
    const dispatcher = createHttpDispatcher(this.#context.network, tls);
    const outdated = this.#present?.dispatcher;
    this.#present = { tls: text, dispatcher };
    // What is under way comes to its end.
    void outdated?.close();
    return dispatcher;
  }

  async close(): Promise<void> {
    await this.#present?.dispatcher.close();
  }

  async #readTls(): Promise<ServerTls> {
    const { ca_path, client_certificate_path, client_certificate_key_path } = this.#paths;
    const [ca, cert, key] = await Promise.all([
      this.#read(ca_path),
      this.#read(client_certificate_path),
      this.#read(client_certificate_key_path ?? client_certificate_path),
    ]);
    return { ca, cert, key };
  }

  async #read(path: string | undefined): Promise<string | undefined> {
    return path === undefined ? undefined : this.#context.readSecretFile(path);
  }
}
