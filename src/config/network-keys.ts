import { z } from 'zod';
import { proxyAddress } from './values.ts';

/** How the process reaches the outside. At the top level of one file only, as it holds for all tenants. */
export const network = {
  proxy_url: proxyAddress().meta({
    isSecret: true,
    description:
      'HTTP proxy for all requests to Microsoft, instead of the environment (`HTTPS_PROXY`, `HTTP_PROXY`). Hosts in the environment variable `NO_PROXY` and this machine are asked directly.',
    examples: ['http://proxy.example:3128', 'http://user:${PROXY_PASSWORD}@proxy.example:3128'],
  }),
  ca_path: z
    .string()
    .min(1)
    .meta({
      isCertificateFile: true,
      description:
        "PEM file with certificate authorities that are trusted beside the system's, for a proxy that opens TLS.",
      examples: ['/etc/ssl/certs/company-ca.pem'],
    }),
};

/** The keys of `network` in a file, among all others. */
export const networkSchema = z.object(network).partial();
