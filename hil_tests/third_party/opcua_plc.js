// The robot's PLC as an OPC UA server built of node-opcua: one JSON object a line in, one answer a line out.
// Knows the rows it is given. Does not know the controller's nor the simulated station's software.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { DataValue } = require("node-opcua-data-value");
const { nodesets } = require("node-opcua-nodesets");
const { MessageSecurityMode, SecurityPolicy } = require("node-opcua-secure-channel");
const { OPCUAServer } = require("node-opcua-server");
const { StatusCodes } = require("node-opcua-status-code");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");

const TYPES = {
  bool: "Boolean", u8: "Byte", u16: "UInt16", i16: "Int16", u32: "UInt32", i32: "Int32", i64: "Int64", f32: "Float",
  f64: "Double", str: "String",
};

// A PLC's clock is often wrong, by days or years: `turn_clock` sets it, for all that the library dates.
let turned = 0;
const RightDate = Date;
globalThis.Date = class extends RightDate {
  constructor(...given) { if (given.length) super(...given); else super(RightDate.now() + turned); }
  static now() { return RightDate.now() + turned; }
};

let server;
const values = {};
const bad = {};
const requests = [];

function variant(row) {
  const dataType = DataType[TYPES[row.base]];
  const value = values[row.tag];
  if (row.elements === 1) return new Variant({ dataType, value });
  return new Variant({ dataType, arrayType: VariantArrayType.Array, value });
}

function shown(row) {
  const statusCode = StatusCodes[bad[row.tag] ?? "Good"];
  return new DataValue({ value: variant(row), statusCode, sourceTimestamp: new Date() });
}

function addNodes(namespaces, rows) {
  const addressSpace = server.engine.addressSpace;
  // What else a PLC serves decides the index of our namespace; after a new program it is another one.
  namespaces.forEach((uri) => addressSpace.registerNamespace(uri));
  let number = 1000;
  for (const row of rows) {
    values[row.tag] = row.value;
    const namespace = addressSpace.registerNamespace(row.uri);
    const access = row.written ? "CurrentRead | CurrentWrite" : "CurrentRead";
    for (const nodeId of row.id ? [row.id] : [`s=${row.name}`, `i=${number++}`]) {
      namespace.addVariable({
        nodeId, browseName: row.name, dataType: TYPES[row.base], organizedBy: addressSpace.rootFolder.objects,
        valueRank: row.elements === 1 ? -1 : 1, accessLevel: access, userAccessLevel: access,
        value: {
          timestamped_get: () => shown(row),
          timestamped_set: async (data) => {
            values[row.tag] = data.value.value;
            return StatusCodes.Good;
          },
        },
      });
    }
  }
}

function noteWrite(request) {
  if (request.schema.name === "WriteRequest") {
    const pairs = request.nodesToWrite.map((node) => [node.nodeId.value, node.value.value.value]);
    requests.push(Object.fromEntries(pairs));
  }
}

async function start({ port, folder, trusted, namespaces, rows }) {
  const manager = new OPCUACertificateManager({
    rootFolder: path.join(folder, "pki"), automaticallyAcceptUnknownCertificate: false, disableFileWatchers: true,
  });
  await manager.initialize();
  await manager.trustCertificate(fs.readFileSync(trusted));
  server = new OPCUAServer({
    port, host: "127.0.0.1", hostname: "127.0.0.1", nodeset_filename: [nodesets.standard],
    serverCertificateManager: manager, userCertificateManager: manager,
    securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
  });
  server.on("request", noteWrite);
  await server.initialize();
  addNodes(namespaces, rows);
  await server.start();
  return { port: server.endpoints[0].port, certificate: server.certificateFile };
}

const COMMANDS = {
  start,
  set: ({ tag, value }) => { values[tag] = value; },
  spoil: ({ tag, status }) => { bad[tag] = status; },
  turn_clock: ({ days }) => { turned = days * 86_400_000; },
  written: () => ({ requests: requests.splice(0) }),
  limit: ({ nodes }) => { server.engine.serverCapabilities.operationLimits.maxNodesPerRead = nodes; },
  // The channel stays, the session is gone: as when the server's operator ends it, or after its own time-out.
  end_sessions: () => {
    const sessions = Object.values(server.engine._sessions);
    sessions.forEach((one) => server.engine.closeSession(one.authenticationToken, true, "Terminated"));
    return { ended: sessions.length };
  },
};

// The library speaks on standard output too; the answers must stand alone there.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

let turn = Promise.resolve();
const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  turn = turn.then(async () => {
    const { do: name, ...rest } = JSON.parse(line);
    answer(`${JSON.stringify((await COMMANDS[name](rest)) ?? {})}\n`);
  });
});
lines.on("close", () => process.exit(0));
