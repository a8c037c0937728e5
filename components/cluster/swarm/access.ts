import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceName } from "../../catalog/types.ts";
import type { Delivery, Login } from "../../stores/store.ts";
import { encode } from "../../stores/swarm.ts";

/** A service's own way into a store: what it logs in with, as files of its container. */
export interface Access {
  readonly login: Login;
  /** Mounted from memory, 0400, for the service's user. */
  readonly credential: docker.Secret;
  /** The store's own CA, and the setting of its place. */
  readonly ca: StoreCa | undefined;
}

/** The certificates of a store's own CA. Public. */
export interface StoreCa {
  readonly setting: string;
  readonly file: docker.ServiceConfig;
}

/** Label of a credential: the one service that may mount it (`policies/privilege/grants.ts`). */
export const loginLabel = "goimg.login";

/** Where the files are, beside the manifest: `/run/secrets` is for what the manifest lists. */
export const accessPaths = { credential: "/run/goimg/login", ca: "/run/goimg/store-ca.pem" } as const;

/** One for all services of a stack; undefined where the store has no CA of its own. */
export function storeCa(delivery: Delivery, parent: pulumi.Resource): StoreCa | undefined {
  if (delivery.kind !== "logins" || delivery.ca === undefined) return undefined;
  const { setting, pem } = delivery.ca;
  const data = Buffer.from(pem).toString("base64");
  return { setting, file: new docker.ServiceConfig("store-ca", { data }, { parent }) };
}

/**
 * Undefined for a service that logs in nowhere.
 *
 * @throws Error if the store made no login for the service
 */
export function accessFor(
  service: ServiceName,
  delivery: Delivery,
  ca: StoreCa | undefined,
  parent: pulumi.Resource,
): Access | undefined {
  if (delivery.kind !== "logins") return undefined;
  const login = delivery.logins.get(service);
  if (login === undefined) throw new Error(`${service} has no login to the store: name it among the store's consumers`);
  const credential = new docker.Secret(
    `${service}-login-g${login.generation}`,
    {
      data: encode(login.credential),
      labels: [
        { label: "goimg.stack", value: pulumi.getStack() },
        { label: loginLabel, value: service },
      ],
    },
    { parent },
  );
  return { login, credential, ca };
}

/** The settings that the service's runtime logs in by. */
export function accessEnv({ login, ca }: Access): Record<string, string> {
  return {
    ...login.env,
    [login.credentialSetting]: accessPaths.credential,
    ...(ca === undefined ? {} : { [ca.setting]: accessPaths.ca }),
  };
}
