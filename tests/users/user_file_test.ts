import { assert, assertEquals, assertNotMatch, assertThrows } from "@std/assert";
import { Malformed } from "../../src/os/errors.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import {
  formatUserFile,
  isExpired,
  parseExpiry,
  parseUserFile,
} from "../../src/users/user_file.ts";

const BODY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const KEY = `key = "c3po-1-${BODY}"\n`;

Deno.test("a file with nothing but a key is that of a user of ssh, from anywhere, for ever", () => {
  const user = parseUserFile(KEY);
  assertEquals({ ...user, key: user.key.kind }, {
    key: "random",
    services: ["ssh"],
    expires: null,
    from: [],
    state: "open",
  });
  assertEquals(formatUserFile(user), KEY);
});

Deno.test("everything a user's file may say is read, and written as it was read", () => {
  const text = [
    `key = "c3po-1-${BODY}?ports=2000-9000"`,
    'services = ["postgres", "ssh"]',
    "expires = 2027-02-28T00:00:00Z",
    'from = ["198.51.100.0/24", "2001:db8::7"]',
    'state = "canary"',
    "",
  ].join("\n");
  const user = parseUserFile(text);
  assertEquals({ ...user, key: user.key.range }, {
    key: { low: 2000, high: 9000 },
    services: ["postgres", "ssh"],
    expires: Date.UTC(2027, 1, 28),
    from: [{ family: 4, text: "198.51.100.0/24" }, { family: 6, text: "2001:db8::7" }],
    state: "canary",
  });
  assertEquals(formatUserFile(user), text);
});

Deno.test("comments, lists of several lines and names in quotes are read as TOML has them", () => {
  const text =
    `# the laptop\n"key" = 'c3po-1-${BODY}' # a comment\nservices = [\n  "ssh", # one\n` +
    '  "db",\n]\n';
  assertEquals(parseUserFile(text).services, ["ssh", "db"]);
});

Deno.test("a user expires in UTC: a date alone is the beginning of that day", () => {
  const moments: [string, string][] = [
    ["2027-02-28", "2027-02-28T00:00:00Z"],
    ["2027-02-28 01:30:00+01:30", "2027-02-28T00:00:00Z"],
    ['"2027-02-28"', "2027-02-28T00:00:00Z"],
    ["2027-02-28T00:00:00Z # soon", "2027-02-28T00:00:00Z"],
  ];
  for (const [text, moment] of moments) {
    assertEquals(parseUserFile(`${KEY}expires = ${text}\n`).expires, Date.parse(moment), text);
  }
});

Deno.test("no minute that ends after the expiry is opened", () => {
  const expires = parseExpiry("2027-02-28");
  const last = minuteAt(expires) - 1;
  assertEquals([last - 1, last, last + 1].map((each) => isExpired({ expires }, each)), [
    false,
    false,
    true,
  ]);
  assert(isExpired({ expires: expires - 1 }, last));
  assert(!isExpired({ expires: null }, last));
});

const REFUSED: [string, string, RegExp, RegExp?][] = [
  ["no key", "", /^the key is missing$/],
  ["an unknown setting", `${KEY}service = ["ssh"]`, /^unknown setting "service"$/, /services\?$/],
  ["a setting nobody knows", `${KEY}colour = 1`, /^unknown setting "colour"$/, /^there are key, /],
  ["a setting that hides", `${KEY}__proto__ = 1`, /^unknown setting "__proto__"$/],
  ["a table", `${KEY}[from]\nhere = 1`, /"from" is a table|unknown setting/],
  ["a key given twice", KEY + KEY, /^"key" appears twice$/],
  [
    "services given twice",
    `${KEY}services = ["a"]\nservices = ["b"]`,
    /^"services" appears twice/,
  ],
  ["a passphrase", 'key = "correct horse battery"', /^key: users need a random key/],
  ["a short passphrase", 'key = "horse"', /^key: users need a random key/],
  ["a classic secret", 'key = "classic:horse"', /^key: users need a random key/],
  ["a master key", KEY.replace("1-", "1-master-"), /^key: a master key/, /c3po key derive/],
  ["a member's key", KEY.replace("1-", "1-member-"), /^key: the key is the member key/],
  ["a damaged key", KEY.replace("AAEC", "AAE"), /^key: .* damaged/],
  ["a key that is no text", "key = 5", /^key: it must be a string$/],
  ["no TOML", `key = "c3po-1-${BODY}\n`, /^not TOML: see line 1, column \d+$/],
  ["a key without quotes", `key = c3po-1-${BODY}\n`, /^not TOML: see line 1, column \d+$/],
  ["a text of several lines", `${KEY}state = """\nopen"""\n`, /^multi-line strings/],
  ["services that are no list", `${KEY}services = "ssh"`, /^services: it must be a list of texts/],
  ["no services", `${KEY}services = []`, /^services: the list is empty$/],
  ["a service that cannot be", `${KEY}services = ["Db"]`, /^services: "Db" is not a valid service/],
  [
    "a time without a zone",
    `${KEY}expires = 2027-02-28T00:00:00`,
    /^expires: cannot read time "2027/,
  ],
  ["a time of day", `${KEY}expires = 07:32:00`, /^expires: cannot read time "07:32:00"$/],
  ["a day that there is not", `${KEY}expires = "2027-02-30"`, /^expires: .*"2027-02-30/],
  ["an address that is none", `${KEY}from = ["office"]`, /^from: "office" is not an IP address/],
  ["everywhere", `${KEY}from = ["0.0.0.0/0"]`, /^from: "0\.0\.0\.0\/0" holds every address$/],
  [
    "a state that is none",
    `${KEY}state = "shut"`,
    /^state: "shut" is not one of open, canary, trap$/,
  ],
];
for (const [what, text, message, hint] of REFUSED) {
  Deno.test(`a user's file with ${what} is refused without a word of a key`, () => {
    const error = assertThrows(() => parseUserFile(text), Malformed);
    assert(message.test(error.message), error.message);
    if (hint !== undefined) assert(hint.test(error.hint ?? ""), error.hint);
    assertNotMatch(`${error.message} ${error.hint}`, /AECAw|horse/);
  });
}
