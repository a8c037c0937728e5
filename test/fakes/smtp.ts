import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { SMTPServer } from "smtp-server";

/** One mail as the server got it. */
export interface SeenMail {
  readonly to: readonly string[];
  readonly from: string;
  /** It came over TLS. */
  readonly secure: boolean;
  /** Headers and text, as sent. */
  readonly content: string;
}

/** How a server differs from one without TLS that answers 535 to a wrong password. */
export interface SmtpOptions {
  /** Answer to a wrong password. */
  readonly refusal?: number;
  readonly tls?: "starttls" | "implicit";
  readonly certificate?: Certificate;
  /** Mails that it puts off (451) before it takes one. */
  readonly busyFor?: number;
}

/** A submission server with AUTH PLAIN and LOGIN. It repeats what it was sent in its refusals, as the worst server might. */
export interface SmtpServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly SeenMail[];
  readonly logins: () => number;
}

/** Starts a submission server (the library's; the protocol is real) on a free port of loopback. */
export async function smtpServer(
  user: string,
  accepted: () => readonly string[],
  { refusal = 535, tls, certificate, busyFor = 0 }: SmtpOptions = {},
): Promise<SmtpServer> {
  const mails: SeenMail[] = [];
  let logins = 0;
  let busy = busyFor;
  const server = new SMTPServer({
    ...(tls === undefined ? { disabledCommands: ["STARTTLS"], allowInsecureAuth: true } : {}),
    ...(tls === "implicit" ? { secure: true } : {}),
    ...(certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert }),
    onAuth: ({ username, password }, _session, done) => {
      logins += 1;
      if (username === user && accepted().includes(password ?? "")) done(null, { user });
      else done(Object.assign(new Error(`wrong password ${password ?? ""}`), { responseCode: refusal }));
    },
    onData: (stream, { envelope, secure }, done) => {
      void text(stream).then((content) => {
        if (busy > 0) {
          busy -= 1;
          done(Object.assign(new Error("greylisted"), { responseCode: 451 }));
          return;
        }
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), from, secure, content });
        done();
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    mails,
    logins: () => logins,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((done) => {
        server.close(done);
      });
    },
  };
}

/** A certificate that vouches for itself, for 127.0.0.1. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Makes a certificate, with openssl. */
export async function certificateOf(address: string): Promise<Certificate> {
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-certificate-"));
  const [key, cert] = [path.join(directory, "key.pem"), path.join(directory, "cert.pem")];
  try {
    await promisify(execFile)("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=submission server of a test", "-addext", `subjectAltName=IP:${address}`],
      ...["-keyout", key, "-out", cert],
    ]);
    return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  } finally {
    await rm(directory, { recursive: true });
  }
}
