/**
 * Every version that the toolchain installs. Plugins equal the npm SDKs of package.json (a test compares them), as a
 * program asks the engine for the plugin of its SDK's version. Go modules are pinned by the
 * `go.mod` and `go.sum` files under `go/`.
 */
export const versions = {
  /**
   * The CLI, and the language host that belongs to it. The engine's modules of the SDK's own version (3.270.0) are not
   * complete on the Go module proxy; the CLI serves programs of any SDK of its major version.
   */
  pulumi: "3.274.1",
  plugins: { random: "4.21.2", tls: "5.6.1", docker: "5.2.0" },
  /** What the Go builds need; an older Go with its default settings fetches this one by itself. */
  go: "1.26.0",
} as const;

/** Name of a resource plugin. */
export type PluginName = keyof typeof versions.plugins;

/**
 * The base of every image. The tag is not pinned by digest: the digest could not be looked up where this was written, and
 * a guess would be worse than none. Where the registry cannot be reached, the base is made from Debian's packages.
 */
export const baseImage = { name: "debian:bookworm-slim", suite: "bookworm" } as const;
