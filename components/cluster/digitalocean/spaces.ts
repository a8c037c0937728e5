import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import type { SecretName } from "../../catalog/grants.ts";
import type { Issuer } from "../../secrets/generations.ts";
import type { Storage } from "../../services/backends.ts";
import type { ClusterSettings } from "./settings.ts";

/** Who issues the keys of which secret. */
export type Issuers = Readonly<Partial<Record<SecretName, Issuer>>>;

/** Region and names of the buckets; no bucket of backups where the stack makes none. */
export type Buckets = Pick<ClusterSettings, "region" | "bucket"> & Partial<Pick<ClusterSettings, "backupBucket">>;

/**
 * The application's bucket and the one of the backups, and a key for each that reads and writes it and nothing else. Each generation is
 * a key of its own, which Spaces accepts from the moment that it exists until it is deleted.
 *
 * The API's token (DIGITALOCEAN_TOKEN) makes no bucket: a key of the whole account does, which this stack makes for itself, and
 * which is nowhere but in its encrypted state.
 */
export function spaces(
  name: string,
  { region, bucket, backupBucket }: Buckets,
  opts: pulumi.CustomResourceOptions,
): Issuers {
  const owner = new digitalocean.SpacesKey(
    "buckets-owner",
    { name: `${name}-buckets-owner`, grants: [{ bucket: "", permission: "fullaccess" }] },
    { ...opts, additionalSecretOutputs: ["secretKey"] },
  );
  const provider = new digitalocean.Provider(
    "spaces",
    { spacesAccessId: owner.accessKey, spacesSecretKey: owner.secretKey },
    opts,
  );
  const make = (resource: string, bucketName: string): digitalocean.SpacesBucket =>
    new digitalocean.SpacesBucket(
      resource,
      { name: bucketName, region, acl: "private", versioning: { enabled: true } },
      // Taking a stack down must not take the users' objects with it.
      { ...opts, provider, protect: true },
    );
  const objects = { S3_KEY: keysOf(name, make("objects", bucket), ["S3_ACCESS_KEY", "S3_SECRET_KEY"]) };
  if (backupBucket === undefined) return objects;
  const backups = make("backups", backupBucket);
  return { ...objects, BACKUP_S3_KEY: keysOf(name, backups, ["BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY"]) };
}

/** How services reach Spaces. */
export function spacesStorage({
  region,
  bucket,
  backupBucket,
  spacesEndpoint,
}: Pick<ClusterSettings, "region" | "bucket" | "backupBucket" | "spacesEndpoint">): Storage {
  const env = { S3_ENDPOINT: spacesEndpoint, S3_BUCKET: bucket, S3_REGION: region };
  return { env, backupBucket, after: [] };
}

function keysOf(
  name: string,
  bucket: digitalocean.SpacesBucket,
  [accessEntry, secretEntry]: readonly [string, string],
): Issuer {
  return (generation, opts) => {
    const key = new digitalocean.SpacesKey(
      generation,
      { name: `${name}-${generation}`, grants: [{ bucket: bucket.name, permission: "readwrite" }] },
      { ...opts, additionalSecretOutputs: ["secretKey"] },
    );
    return [
      [accessEntry, key.accessKey],
      [secretEntry, key.secretKey],
    ];
  };
}
