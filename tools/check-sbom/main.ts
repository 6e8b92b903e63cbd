/**
 * Compares a list of parts with the schema of CycloneDX: `deno task sbom FILE`, from the folder of the
 * project. Exit code 1 and the differences if it is not valid. Its packages have a lock of their own, so that
 * they are no part of C3PO.
 */
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
// The library takes them if they are there.
import "ajv";
import "ajv-formats";
import "ajv-formats-draft2019";

const file = new URL(Deno.args[0]!, new URL("../../", import.meta.url));
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
const wrong = await validator.validate(await Deno.readTextFile(file));
if (wrong !== null) {
  Deno.stderr.writeSync(new TextEncoder().encode(`${JSON.stringify(wrong, null, 2)}\n`));
  Deno.exit(1);
}
