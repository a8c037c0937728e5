import { api } from "../components/services/api.ts";
import type { Storage } from "../components/services/backends.ts";
import { backup } from "../components/services/backup.ts";
import { cacheAcl, redis } from "../components/services/cache.ts";
import { dbMigrate, dbRoles, postgres } from "../components/services/database.ts";
import { gateway, ingress, tlsGateway } from "../components/services/gateway.ts";
import type { ServiceSpec } from "../components/services/service.ts";
import { s3 } from "../components/services/storage.ts";
import { worker } from "../components/services/worker.ts";
import { backups, number } from "./settings.ts";

/** What an environment says of the application. */
export interface ApplicationArgs {
  /** Where the gateway answers: in plain HTTP on a port of its node, or over TLS (443, and 80 leads there) as that host. */
  readonly entrance: { readonly port: number } | { readonly host: string };
  /** Tasks of the worker. @default 1 */
  readonly workers?: number;
  /** Where objects are kept. @default two tasks of the stack's own S3 server */
  readonly storage?: Storage;
}

/** The services of the application, in every environment alike. A stack adds what it runs beside them. */
export function application({ entrance, workers = 1, storage }: ApplicationArgs): readonly ServiceSpec[] {
  const elsewhere = storage === undefined ? {} : { storage };
  return [
    postgres(),
    dbRoles(),
    dbMigrate(),
    redis(),
    cacheAcl(),
    ...(storage === undefined ? [s3({ replicas: 2 })] : []),
    api({ replicas: number("replicas", 2), ...elsewhere }),
    worker({ replicas: workers, ...elsewhere }),
    ...("port" in entrance ? [gateway(entrance)] : [tlsGateway(), ingress(entrance)]),
    backup({ ...backups(), ...elsewhere }),
  ];
}
