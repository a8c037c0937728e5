import { isMask } from "./values.ts";

/**
 * Token formats that vendors document, beside those of secretlint's preset. Each is anchored on both sides and linear.
 * `published` marks keys that browsers get anyway: under a public name they pass.
 */
interface Format {
  readonly id: string;
  readonly pattern: RegExp;
  readonly published?: boolean;
  /** A text every match holds; looked for first, because most values hold none. */
  readonly hint: string;
}

const before = "(?<![A-Za-z0-9])";
const after = "(?![A-Za-z0-9])";
const format = (id: string, hint: string, body: string, published = false): Format => ({
  id,
  hint,
  pattern: new RegExp(`${before}${body}${after}`),
  published,
});

/** The vendors' own documentation of their prefixes is the source of each; the id names the vendor. */
const formats: readonly Format[] = [
  // docs.aws.amazon.com: IAM identifiers, unique id prefixes
  ...["AKIA", "ASIA"].map((prefix) => format("aws-access-key-id", prefix, `${prefix}[A-Z0-9]{16}`)),
  format("aws-session-token", "oJb3JpZ2lu", "(?:IQ|FwoG)[A-Za-z0-9+/=]{100,}"),
  // cloud.google.com: API keys, OAuth access tokens and client secrets
  format("google-api-key", "AIza", "AIza[A-Za-z0-9_-]{35}", true),
  format("google-oauth-token", "ya29.", "ya29\\.[A-Za-z0-9_-]{30,}"),
  format("google-client-secret", "GOCSPX-", "GOCSPX-[A-Za-z0-9_-]{24,32}"),
  // learn.microsoft.com: storage, Service Bus and Cosmos keys are base64 of 64 or 32 bytes; Entra client secrets hold Q~
  format("azure-account-key", "AccountKey=", "AccountKey=[A-Za-z0-9+/]{40,90}={0,2}"),
  format("azure-shared-access-key", "SharedAccessKey=", "SharedAccessKey=[A-Za-z0-9+/]{40,90}={0,2}"),
  format("azure-client-secret", "Q~", "[A-Za-z0-9_~.]{3}\\dQ~[A-Za-z0-9_~.-]{31,34}"),
  // docs.github.com: token prefixes
  ...["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map((prefix) =>
    format("github-token", prefix, `${prefix}[A-Za-z0-9]{36,255}`),
  ),
  format("github-token", "github_pat_", "github_pat_[A-Za-z0-9_]{60,90}"),
  // docs.gitlab.com: token prefixes
  ...[
    "glpat-",
    "glrt-",
    "gldt-",
    "glcbt-",
    "glptt-",
    "glft-",
    "glsoat-",
    "glagent-",
    "glimt-",
    "gloas-",
    "glffct-",
  ].map((prefix) => format("gitlab-token", prefix, `${prefix}[A-Za-z0-9_.-]{20,130}`)),
  // docs.stripe.com: secret, restricted and webhook keys
  ...["sk_live_", "sk_test_", "rk_live_", "rk_test_"].map((prefix) =>
    format("stripe-key", prefix, `${prefix}[A-Za-z0-9]{16,250}`),
  ),
  format("webhook-signing-secret", "whsec_", "whsec_[A-Za-z0-9+/]{24,80}={0,2}"),
  // twilio.com/docs: API key SIDs; sendgrid; mailgun; mailchimp; brevo; resend; postmark
  format("twilio-api-key", "SK", "SK[0-9a-f]{32}"),
  format("sendgrid-key", "SG.", "SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}"),
  format("mailgun-key", "key-", "key-[0-9a-f]{32}"),
  format("mailchimp-key", "-us", "[0-9a-f]{32}-us\\d{1,2}"),
  format("brevo-key", "xkeysib-", "xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
  format("resend-key", "re_", "re_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{20,32}"),
  // api.slack.com: token types; discord; telegram
  format("slack-token", "xox", "xox[abeoprs]-(?:\\d-)?[A-Za-z0-9-]{20,250}"),
  format("slack-app-token", "xapp-", "xapp-\\d-[A-Z0-9]{6,14}-\\d{8,16}-[A-Za-z0-9]{32,80}"),
  format("telegram-bot-token", ":AA", "\\d{8,11}:AA[A-Za-z0-9_-]{32,34}"),
  format("discord-bot-token", ".", "[MNO][A-Za-z\\d_-]{23,27}\\.[A-Za-z\\d_-]{6}\\.[A-Za-z\\d_-]{27,40}"),
  // docs.npmjs.com, pypi.org, rubygems.org, crates.io, docs.docker.com
  format("npm-token", "npm_", "npm_[A-Za-z0-9]{36,}"),
  format("npm-token", "_authToken", "_authToken[=\\s]+[A-Za-z0-9_-]{20,}"),
  format("pypi-token", "pypi-AgE", "pypi-AgE[A-Za-z0-9_-]{50,}"),
  format("rubygems-key", "rubygems_", "rubygems_[0-9a-f]{48}"),
  format("crates-token", "cio", "cio[A-Za-z0-9]{32}"),
  format("docker-token", "dckr_", "dckr_(?:pat|oat)_[A-Za-z0-9_-]{24,40}"),
  // Clouds and platforms: DigitalOcean, Linode, Hetzner, Fly, Heroku, Netlify, Vercel, Supabase, PlanetScale, Doppler
  format("digitalocean-token", "_v1_", "do[opr]_v1_[0-9a-f]{64}"),
  format("digitalocean-access-key", "DO", "DO(?:00|80)[A-Z0-9]{16}"),
  format("fly-token", "fm", "fm[12][a-z]?_[A-Za-z0-9+/=_-]{40,}"),
  format("heroku-key", "HRKU-", "HRKU-[A-Za-z0-9_-]{30,70}"),
  format("netlify-token", "nf", "nf[pcoub]_[A-Za-z0-9]{36,40}"),
  format("vercel-token", "vercel_", "vercel_blob_rw_[A-Za-z0-9]{10,20}_[A-Za-z0-9]{20,40}"),
  format("vercel-token", "vc", "vc[pkiar]_[A-Za-z0-9]{24,60}"),
  format("supabase-key", "sb", "sb(?:p|_secret|p_oauth)_[A-Za-z0-9_-]{20,60}"),
  format("planetscale-token", "pscale_", "pscale_(?:tkn|pw|oauth|otkn)_[A-Za-z0-9_.=-]{32,64}"),
  format("doppler-token", "dp.", "dp\\.(?:pt|st|ct|sa|scim|audit)\\.(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}"),
  format("cloudflare-origin-key", "v1.0-", "v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}"),
  format("tailscale-key", "tskey-", "tskey-[a-z]{3,10}-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{16,40}"),
  format("neon-key", "napi_", "napi_[a-z0-9]{40,80}"),
  // Models: OpenAI, Anthropic, Groq, Hugging Face, Replicate, Perplexity, xAI, OpenRouter, Pinecone
  format("openai-key", "T3BlbkFJ", "sk-(?:[a-z]{3,10}-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}"),
  format("openai-key", "sk-", "sk-(?:proj|svcacct|admin|or-v1|lf|None)-[A-Za-z0-9_-]{32,200}"),
  format("openai-key", "sk-", "sk-[A-Za-z0-9]{32,64}"),
  format("anthropic-key", "sk-ant-", "sk-ant-[a-z0-9]{3,8}-[A-Za-z0-9_-]{40,120}"),
  format("groq-key", "gsk_", "gsk_[A-Za-z0-9]{40,60}"),
  format("huggingface-token", "hf_", "hf_[A-Za-z0-9]{30,40}"),
  format("replicate-token", "r8_", "r8_[A-Za-z0-9]{37,40}"),
  format("perplexity-key", "pplx-", "pplx-[A-Za-z0-9]{40,60}"),
  format("xai-key", "xai-", "xai-[A-Za-z0-9]{60,100}"),
  format("pinecone-key", "pcsk_", "pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,70}"),
  // HashiCorp, Pulumi, 1Password, age, Atlassian, Linear, Notion, Figma, Airtable, Postman, Databricks
  format("vault-token", "hv", "hv[sbr]\\.[A-Za-z0-9_-]{24,}"),
  format("vault-token", "s.", "s\\.[A-Za-z0-9]{24}"),
  format("terraform-token", ".atlasv1.", "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{32,90}"),
  format("pulumi-token", "pul-", "pul-[0-9a-f]{40}"),
  format("1password-token", "ops_ey", "ops_ey[A-Za-z0-9+/_-]{100,}={0,3}"),
  format("age-secret-key", "AGE-SECRET-KEY-", "AGE-SECRET-KEY-1[A-Z0-9]{50,70}"),
  format("nostr-secret-key", "nsec1", "nsec1[a-z0-9]{58}"),
  format("twitch-oauth", "oauth:", "oauth:[a-z0-9]{30}"),
  format("atlassian-token", "ATATT3x", "ATATT3x[A-Za-z0-9_=-]{60,}"),
  format("bitbucket-token", "ATBB", "ATBB[A-Za-z0-9]{28,40}"),
  format("linear-key", "lin_", "lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
  format("notion-token", "ntn_", "ntn_[A-Za-z0-9]{40,50}"),
  format("notion-token", "secret_", "secret_[A-Za-z0-9]{43}"),
  format("figma-token", "fig", "fig[dou]r?_[A-Za-z0-9_-]{38,46}"),
  format("airtable-token", "pat", "pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}"),
  format("postman-key", "PMAK-", "PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
  format("databricks-token", "dapi", "dapi[0-9a-f]{32}(?:-\\d)?"),
  // Monitoring: New Relic, Sentry, Grafana, Datadog has no prefix; SonarQube, Buildkite, Prefect, Artifactory
  format("newrelic-key", "NRAK-", "NR(?:AK|AL|II|JS|RA)-[A-Za-z0-9-]{19,45}"),
  format("newrelic-license-key", "NRAL", "[0-9a-f]{36,40}NRAL"),
  format("sentry-token", "sntry", "sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
  format("grafana-token", "gl", "gl(?:c_[A-Za-z0-9+/_-]{32,400}={0,2}|sa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8})"),
  format("sonar-token", "sq", "sq[upa]_[0-9a-f]{40}"),
  format("buildkite-token", "bk", "bk[up]a_[0-9a-f]{40}"),
  format("prefect-key", "pn", "pn[ub]_[A-Za-z0-9]{36}"),
  format("artifactory-key", "AKCp", "AKCp[A-Za-z0-9]{60,80}"),
  // Commerce and media: Shopify, Square, Facebook, Dropbox, ngrok, LaunchDarkly, Contentful, swarm
  format("shopify-token", "shp", "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
  format("square-token", "sq0", "sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}"),
  format("square-token", "EAAA", "EAAA[A-Za-z0-9_-]{56,70}"),
  format("facebook-token", "EAA", "EAA[A-Za-z0-9]{60,250}"),
  format("dropbox-token", "sl.", "sl\\.[A-Za-z0-9_-]{100,200}"),
  format("launchdarkly-key", "-", "(?:sdk|api|mob)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
  format("contentful-token", "CFPAT-", "CFPAT-[A-Za-z0-9_-]{40,46}"),
  format("swarm-token", "SWM", "SWM(?:TKN|KEY)-1-[A-Za-z0-9+/-]{40,90}"),
  format("ngrok-token", "_", "2[A-Za-z0-9]{26}_[A-Za-z0-9]{20,22}"),
  format("mapbox-token", "sk.eyJ", "sk\\.eyJ[A-Za-z0-9_-]{40,120}\\.[A-Za-z0-9_-]{20,40}"),
  format("kubeadm-token", "::server:", "K?[0-9a-f]{40,80}::(?:server|node):[0-9a-f]{16,64}"),
];

/** The id of the vendor's token format that the text holds, unless what it holds is a mask. */
export function vendorToken(value: string, publicName: boolean): string | undefined {
  for (const { id, hint, pattern, published } of formats) {
    if (!value.includes(hint) || (published === true && publicName)) continue;
    const match = pattern.exec(value);
    if (match !== null && !isMask(match[0]) && new Set(match[0].slice(-16)).size > 3) return id;
  }
  return undefined;
}
