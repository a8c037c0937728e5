import { recipientsVariable } from "../../../components/services/backup.ts";
import { copiesText } from "../../backup/copies.ts";
import type { Control } from "../control.ts";
import type { ServiceFact } from "../facts.ts";

/** Days after which a backup is too old to be one. */
const freshDays = 7;
const msPerDay = 86_400_000;

export const backups: Control = {
  id: "backups",
  kind: "practice",
  number: 9,
  title: "Backup secrets securely (encrypted S3 backups)",
  how: "the last backup that the audit log has: fetched from its place, its SHA-256, its encryption (age), its age, and its bytes searched for each real value; whether the database's own copies are encrypted before they leave",
  async check(facts) {
    const [backup, production, services] = await Promise.all([facts.backup(), facts.production(), facts.services()]);
    const days = Math.floor((Date.now() - backup.at.getTime()) / msPerDay);
    return {
      looked: backup.bytes,
      problems: [
        ...(backup.encrypted
          ? []
          : [`${backup.address} is not encrypted with age: delete it, and revoke what it holds`]),
        ...(backup.asRecorded ? [] : [`${backup.address} is not what was written there: make a new one`]),
        ...(days > freshDays ? [`the last backup is ${days} days old: goimg-secrets backup`] : []),
        ...backup.holds.map((hit) => `${hit}: delete that backup, and revoke the value`),
        ...(production && !backup.address.startsWith("s3://")
          ? [`${backup.address} is on this machine: keep production's backups in S3 (goimg-secrets backup --to s3://…)`]
          : []),
      ],
      seen: {
        address: backup.address,
        made: backup.at.toISOString(),
        bytes: backup.bytes,
        encryption: "age",
        databaseCopies: copiesOf(services),
      },
    };
  },
};

/** Said, and no problem: the database holds hashes of passwords and no secret of the catalog. */
function copiesOf(services: readonly ServiceFact[]): string {
  const service = services.find(({ name }) => name === "backup");
  if (service === undefined) return "no service makes any";
  const recipients = (service.env[recipientsVariable] ?? "").split(" ").filter((key) => key !== "").length;
  return copiesText(recipients);
}
