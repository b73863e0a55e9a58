"""The command line: one file per command group, imported only when it is called.

Knows the names of the commands. Does not know what they do; a new one is a line here and a file of its name.
"""

from station_ctl.cli.commands import StationCommands

main = StationCommands(
    name="station-ctl",
    help="Controller of a battery-swap station.",
    nouns={
        "status": "One screen: state, swap, alarms, bays, devices.",
        "why": "Why something is blocked, held or failed, and what to do next.",
        "station": "Reset, start, stop, hold, abort, clear; home every device.",
        "mode": "Automatic, manual, maintenance: show and set.",
        "swap": "Swaps: start, list, show, hold, resume, abort, retreat, timeline.",
        "queue": "Vehicles that wait: list, next, add, hold back, let in, priority, close, open.",
        "bay": "Bays: list, show, scan, inventory, enable, disable, quarantine, clear, plug, isolate.",
        "battery": "Packs: list, ready, show, history, move, in, out, put back.",
        "charger": "Chargers: list, show, start, stop, limit.",
        "charging": "Who gets how many kW, and the plan of the day.",
        "site": "Power of the site: show, limit.",
        "robot": "Swap robot: where, home.",
        "stacker": "Stacker: where, home.",
        "lift": "Vehicle lift: where, home, exercise.",
        "crane": "Gantry crane of a truck station: where, home, jog.",
        "stand": "Stand of a truck station: where, home.",
        "lock": "Lock runners: read, exercise.",
        "torque": "Torque of the lock runners: test, history.",
        "seq": "Procedures: list, show; of maintenance: run, resume, give up, history.",
        "alarm": "Alarms: list, explain, ack, shelve, silence, history, stats, export.",
        "io": "Points: list, read; check them one by one against the I/O list.",
        "device": "Devices: list, show, ping; probe every tag of their PLCs.",
        "interlock": "Interlocks: list, matrix, and as they are now.",
        "trend": "Trends: list, plot, export.",
        "clock": "Clocks: show, and who sets that of this PC.",
        "log": "Rows of the journal.",
        "op": "Operations that go on after the answer: list, wait, approve.",
        "control": "Control of the station: who, take, release.",
        "audit": "The audit chain: list, verify, export.",
        "user": "Persons who come in by token.",
        "backup": "Make, prove and restore backups of the journal.",
    },
    modules={
        "demo": "Run swaps on the simulated station that comes with this program.",
        "day": "Run days of a simulated station in virtual time.",
        "run": "Run the station: the service in the foreground.",
        "swap": "Swaps: start, list, show, hold, resume, abort, retreat, timeline.",
        "io": "Points: list, read; check them one by one against the I/O list.",
        "device": "Devices: list, show, ping; probe every tag of their PLCs.",
        "seq": "Procedures: list, show; of maintenance: run, resume, give up.",
        "interlock": "Interlocks: list, matrix, and as they are now.",
        "vehicle": "Vehicle models that a station serves: list, show.",
        "fleet": "Fleets: list; whose a vehicle is, and whether it is served.",
        "manual": "Write the manual's pages from the code.",
        "sim": "Simulated machines on this PC.",
        "clock": "Clocks: show, and who sets that of this PC.",
        "hil": "Black-box suites of the PLC contract, against simulated or real PLCs.",
        "config": "Write a station file; check configuration files, print what they come to, compare them.",
        "doctor": "Examine this PC: environment, rights, ports, disk, journal, clock, versions.",
        "backup": "Make, prove and restore backups of the journal.",
        "bundle": "Pack what support needs to know into one file.",
        "version": "Print the version of this program and of its protocol libraries.",
        "completion": "Print the completion script of a shell.",
        "help": "Topics, alarms and commands explained.",
    },
)

__all__ = ["main"]
