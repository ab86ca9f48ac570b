import { type Connection, isGrpcServiceError } from '@temporalio/client';

/** The service's search attributes by name, with the type as the Temporal CLI writes it. */
export const searchAttributeTypes = {
  TenantId: 'Keyword',
  ContentType: 'Keyword',
  IngestState: 'Keyword',
  CheckpointTime: 'Datetime',
} as const;

/** `temporal.api.enums.v1.IndexedValueType` */
const typeNumbers = { Keyword: 2, Datetime: 6 } as const;

/** `grpc.status` */
const alreadyExists = 6;
const refusals: readonly number[] = [
  7 /* PERMISSION_DENIED */, 12 /* UNIMPLEMENTED */, 16 /* UNAUTHENTICATED */,
];

type Services = Pick<Connection, 'operatorService' | 'workflowService'>;

/**
 * Names of the service's search attributes that the namespace does not have. Empty, too, when the server lets nobody
 * ask (Temporal Cloud refuses its operator service) and describes no custom attribute of the namespace either.
 */
export async function missingSearchAttributes(connection: Services, namespace: string): Promise<string[]> {
  const known = await knownSearchAttributes(connection, namespace);
  return known ? Object.keys(searchAttributeTypes).filter((name) => !known.includes(name)) : [];
}

/**
 * Adds search attributes to the namespace; those that are there already are left as they are.
 *
 * @param names of `searchAttributeTypes`
 */
export async function registerSearchAttributes(
  connection: Services,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    const type = searchAttributeTypes[name as keyof typeof searchAttributeTypes];
    try {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: { [name]: typeNumbers[type] },
      });
    } catch (error) {
      if (!(isGrpcServiceError(error) && error.code === alreadyExists)) throw error;
    }
  }
}

async function knownSearchAttributes(connection: Services, namespace: string): Promise<string[] | undefined> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.keys(customAttributes);
  } catch (error) {
    if (!(isGrpcServiceError(error) && refusals.includes(error.code))) throw error;
  }
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const names = Object.values(config?.customSearchAttributeAliases ?? {});
  return names.length > 0 ? names : undefined;
}
