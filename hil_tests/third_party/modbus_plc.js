// A Modbus TCP server built of modbus-serial: one JSON object a line in, one answer a line out.
// Knows registers by table and number. Does not know tags.
"use strict";
const readline = require("node:readline");
const { ServerTCP } = require("modbus-serial");

const NO_SUCH_REGISTER = 2;
const tables = {};

function read(table, at) {
  if (at >= tables[table].length) throw Object.assign(new Error("no such register"), { modbusErrorCode: NO_SUCH_REGISTER });
  return tables[table][at];
}

function write(at, value, table = "hr") {
  read(table, at);
  tables[table][at] = value;
}

function start({ port, ir, hr, di = [], co = [] }) {
  Object.assign(tables, { ir, hr, di, co });
  const vector = {
    getInputRegister: (at) => read("ir", at),
    getHoldingRegister: (at) => read("hr", at),
    setRegister: (at, value) => write(at, value),
    getDiscreteInput: (at) => read("di", at) !== 0,
    getCoil: (at) => read("co", at) !== 0,
    setCoil: (at, value) => write(at, value ? 1 : 0, "co"),
  };
  const server = new ServerTCP(vector, { host: "127.0.0.1", port, unitID: 1 });
  return new Promise((resolve) => {
    server.on("initialized", () => resolve({ port: server._server.address().port }));
  });
}

const COMMANDS = {
  start,
  set: ({ table, at, words }) => { words.forEach((word, place) => { tables[table][at + place] = word; }); },
  get: ({ table, at, count }) => ({ words: tables[table].slice(at, at + count) }),
};

let turn = Promise.resolve();
const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  turn = turn.then(async () => {
    const { do: name, ...rest } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify((await COMMANDS[name](rest)) ?? {})}\n`);
  });
});
lines.on("close", () => process.exit(0));
