/**
 * The words that names are made of. They were gathered from compose files, `.env` examples, charts and the
 * documentation of the images those run; a word belongs here for what it means in a name, not for one entry.
 */

const list = (text: string): Set<string> => new Set(text.split(/\s+/));

/** A literal under a name that ends in one of these is a secret. */
export const strongWords = list(
  `secret token apikey apisecret authtoken psk pepper salt salts mnemonic pat passkey masterauth requirepass storepass
   keypass authkey accesskey secretkey privatekey apitoken bearer sessiontoken masterkey otp fernet`,
);

/** `X_KEY` is a secret when X is one of these; any other key has to look like one. */
export const coreKeys = list(
  `api secret private access encryption encrypt signing sign master auth shared storage license licence jwt fernet hmac
   aes admin write consumer sdk crypto cipher preshared management enc cosmos activation security stripe sendgrid openai
   anthropic mailgun twilio gemini groq cohere mistral jwe jws kek dek openssl wireguard wg datadog dd hash account
   app application session cookie service server recovery unseal gossip priv`,
);

/** What `pass`, `pw` and `auth` are glued to: `dbpass`, `bindpw`, `rpcauth`; `bypass` and `compass` are words. */
export const gluedHeads = list(
  `db root smtp mail my pg mysql redis user admin ftp ldap store key mongo rabbit amqp vnc web imap proxy ssh svc app api
   postgres bind rpc basic http mqtt pop sftp samba smb ssl tls`,
);

/** Behind a secret word these say whose it is as often as they say what is set: only text that no one would set counts. */
export const ownerWords = list(
  `database email server service services device stream website site owner group zone queue topic region config
   app list`,
);

/** Secret words that are written glued to another: `dbpassword`, `MYAPP_AUTHTOKEN`. */
export const gluedWords = ["password", "passwd", "passphrase", "credentials", "secret", "token", "dsn", "pwd"];

/** Behind a secret word these make the name a fact about the secret, not the secret. */
export const aboutWords = list(
  `min max minimum maximum length len size ttl expiry expires expire expiration expired lifetime validity age timeout
   duration interval days hours minutes seconds ms secs day hour minute second count limit limits attempts retries tries
   history rounds iterations cost memory enabled enable disabled disable required require requires allowed allow policy
   policies complexity strength rule rules regex pattern charset characters chars format type types kind alg algo
   algorithm method mode strategy encoding encoder encryption hasher hashing scheme provider providers backend backends
   store storage manager engine source driver service services server host hostname port address addr endpoint
   url uri uris link href path paths file files dir directory folder location mount volume target name names alias label
   labels title description placeholder prompt hint help message text field fields param params parameter header headers
   cookie claim claims scope scopes audience aud issuer iss subject realm role roles user username users email from to
   owner group region zone namespace prefix suffix version versions rotation rotate rotated refresh reset renew renewal
   update updated change changed created check validation validator verify verification authentication auth login
   policy arn ref refs reference references selector cache cached caching pool queue topic stream plugin helper command
   cmd script handler filter filters middleware bucket table column database contract symbol supply decimals budget
   usage used per rate quota window grace period leeway skew level stdin prompted visible hidden show through phrase2
   autocomplete env environment keyserver keychain keyring digest hash hashes checksum sha1 sha256 sha512 fingerprint
   thumbprint generator generation exchange flow grant introspection revocation signature2 template tmpl config
   configuration configmap options opts settings santa manager master minion list lists feature features flag flags
   support supported available status state valid debug log logging logs metrics recovery forgot remember device
   website domain site app2 model split splitter window chunk overlap within after until since ignore exclude scan scanning scanner profile profiles tokenizer input output completion context`,
);

/** Behind a secret word these change nothing: it is still the secret. */
export const qualifierWords = list(
  `prod production dev develop development test testing staging stage stg local ci qa uat live demo default old new
   current next previous prev primary secondary main backup value val b64 base64 encoded plain plaintext raw string json
   base key keys override initial init temp tmp hex pem data a b c x y z v one two first second main internal external
   shared global read write ro rw key1 key2 admin root db api app web worker master replica us eu code`,
);

/** Names of ids, hashes and other public material: random text under them is no secret. */
export const identifierWords = list(
  `id ids uuid guid sid uid gid kid oid cid arn sha sha1 sha224 sha256 sha384 sha512 sha256sum sha512sum md5 md5sum hash
   hashes checksum checksums digest digests etag fingerprint fingerprints thumbprint integrity sri commit revision rev ref
   nonce csp policy sum crc crc32 tag release version build trace span traceparent request correlation manifest
   genesis merkle contract address addr slug`,
);

/** Key-like words: random text under them is key material. */
export const keyWords = list(
  `key keys seed hmac crypto crypt encryption encrypt cipher signing signature salt session sessions cookie shared master
   oauth bearer jwt jwk otp totp fernet aes iv kek dek wallet license activation webhook internal pepper psk pk priv`,
);
