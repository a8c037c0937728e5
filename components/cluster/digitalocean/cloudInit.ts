import { stringify } from "yaml";
import { machineKeyFile, reloadSshd } from "../provider/inputs.ts";

/** A key pair in OpenSSH's form. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

const sshd = `# Keys alone, and room for the Docker provider, which opens a connection for each of its requests.
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 200
MaxSessions 200
`;

/** Bounds for logs that no service bounds. */
const daemon = { "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "3" } };

/**
 * What a machine does at its first boot: Docker, sshd, and a host key of its own.
 *
 * Rule: no join token, no unlock key, nothing that a service or a node needs later. Why: every process of a droplet can read its
 * user data for as long as it lives. The key of the first contact (an ECDSA host key, ADR 5) is removed when the node joins.
 */
export function cloudInit(firstContact: KeyPair): string {
  const config = {
    ssh_keys: { ecdsa_private: firstContact.privateKey, ecdsa_public: firstContact.publicKey.trim() },
    ssh_pwauth: false,
    write_files: [
      { path: "/etc/ssh/sshd_config.d/10-goimg.conf", permissions: "0644", content: sshd },
      { path: "/etc/docker/daemon.json", permissions: "0644", content: `${JSON.stringify(daemon)}\n` },
    ],
    runcmd: [
      "command -v dockerd || { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y docker.io; }",
      // Last: its being there says that all of the above was done.
      `test -e ${machineKeyFile} || ssh-keygen -q -t ed25519 -N '' -f ${machineKeyFile}`,
      reloadSshd,
    ],
  };
  return `#cloud-config\n${stringify(config)}`;
}
