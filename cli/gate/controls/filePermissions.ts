import type { Control } from "../control.ts";
import type { HostFileFact, InsideFact, ServiceFact } from "../facts.ts";

/** Whatever others or the group may do, and the owner's right to execute: 0600 and 0400 have none of it. */
const tooMuchOfFile = 0o177;
const tooMuchOfFolder = 0o077;

export const filePermissions: Control = {
  id: "file-permissions",
  kind: "practice",
  number: 3,
  title: "Restrict file permissions (600 for secrets, 700 for directories)",
  how: "the specs' file modes and owners; the files in /run/secrets of every running container, listed inside it; the state, passphrase and audit log of this machine",
  async check(facts) {
    const [services, insides, host] = await Promise.all([facts.services(), facts.insides(), facts.host()]);
    return {
      looked: insides.reduce((sum, { files }) => sum + files.length, 0),
      problems: [
        ...services.flatMap(specProblems),
        ...services
          .filter(({ mounts, job, replicas }) => mounts.length > 0 && !job && replicas > 0)
          .filter(({ name }) => !insides.some(({ service }) => service === name))
          .map(({ name }) => `${name} holds secrets, and no running container of it was found`),
        ...insides.flatMap(insideProblems),
        ...host.flatMap(hostProblems),
      ],
      seen: {
        insides: insides.map(({ service, uid, files }) => ({
          service,
          uid,
          files: Object.fromEntries(files.map(({ name, mode, uid: owner }) => [name, `${octal(mode)} ${owner}`])),
        })),
        host: host.map(({ path, mode }) => ({ path, mode: octal(mode) })),
      },
    };
  },
};

function specProblems({ name, mounts, user }: ServiceFact): readonly string[] {
  const [uid = ""] = user.split(":");
  return mounts.flatMap((mount) => [
    ...((mount.mode & tooMuchOfFile) === 0 ? [] : [`${name} mounts ${mount.file} with ${octal(mount.mode)}: use 0400`]),
    ...(mount.uid === uid ? [] : [`${name} runs as ${uid || "root"} and mounts ${mount.file} for user ${mount.uid}`]),
  ]);
}

function insideProblems({ service, uid, files }: InsideFact): readonly string[] {
  return files.flatMap((file) => [
    ...((file.mode & tooMuchOfFile) === 0 ? [] : [`${service} finds ${file.name} with ${octal(file.mode)}: use 0400`]),
    ...(file.uid === uid ? [] : [`${service} runs as ${uid} and finds ${file.name} of user ${file.uid}`]),
    ...(file.type === "f" ? [] : [`${service} finds ${file.name}, which is not a regular file`]),
  ]);
}

function hostProblems({ path, directory, mode }: HostFileFact): readonly string[] {
  if ((mode & (directory ? tooMuchOfFolder : tooMuchOfFile)) === 0) return [];
  return [`${path} has ${octal(mode)}: chmod ${directory ? "700" : "600"} it`];
}

const octal = (mode: number): string => `0${mode.toString(8)}`;
