"""A technician's day at the simulated station: a swap, a bolt that sticks, a hold, a kill -9, alarms, maintenance.

Types what a new technician would, with nothing but what the answers before have printed. Tests run it, and the page
docs/how-to/technician.md is its transcript.
"""

from __future__ import annotations

from hil_tests.technician_stand import Answer, Stand

CTRL_C = "\x03"


def start(at: Stand) -> None:
    """From a service that has just begun to a station that runs."""
    at.heading("The station is made ready")
    answered(at.type("status"), 0, "STOPPED (maintenance)")
    answered(at.type("why"), 0, "station-ctl mode set automatic", "station-ctl station reset")
    answered(at.type("bay inventory"), 0, "packs entered custody")
    answered(at.type("mode set automatic"), 0)
    answered(at.type("station reset -y"), 0, "station-ctl station start")
    answered(at.type("station start -y"), 0, "station-ctl swap start")
    answered(at.type("swap start -y --wait"), 4, "no vehicle answers at the entry")


def undisturbed(at: Stand) -> None:
    """One swap from the entry to the exit."""
    at.heading("A swap")
    at.type("sim vehicle")
    answered(at.type("swap start -n"), 0, "dry run, nothing moves")
    answered(at.type("swap start -y --wait"), 0, "begins   Open all 10 bolts", "done: vehicle")
    answered(at.type("swap list"), 0)


def stuck_bolt(at: Stand) -> None:
    """A bolt that does not turn: found out, and the vehicle leaves with its own pack."""
    at.heading("A bolt sticks")
    at.type("sim vehicle")
    at.type("sim fault bolt-stuck on")
    answered(at.type("swap start -y --wait"), 8, "A106", "Open all 10 bolts")
    led = "station-ctl alarm ack --all", "station-ctl swap retreat S-"
    answered(at.type("why"), 4, "first-out  A106", "remedy:", *led)
    answered(at.type("alarm explain A106"), 0, "remedy")
    at.type("sim fault bolt-stuck off")
    answered(at.type("alarm ack --all"), 0, "1 trips reset")
    recovered = answered(at.type("swap recover"), 0, "RESUME", "RETREAT", "what is done already is not measured again")
    way = printed(recovered, "station-ctl swap retreat")
    answered(at.type(f"{way} -y --wait"), 0, "Tighten all 10 bolts", "-R done")


def held_by_hand(at: Stand) -> None:
    """On a terminal: the question, the steps, Ctrl-C."""
    at.heading("Ctrl-C holds")
    at.type("sim vehicle")
    talk = ("Is the machine area clear", "y\n"), (" 50 lift     begins", CTRL_C)
    answered(at.type_on_terminal("swap start", *talk), 8, "HOLD: ", "by request")
    answered(at.type("why"), 0, "held", "station-ctl swap resume")


def killed(at: Stand) -> None:
    """kill -9 in the middle of the swap; nothing moves until a person says so; the swap ends."""
    at.heading("The service is killed in the middle of a swap")
    answered(at.type("swap resume -y --no-wait"), 0, "begun")
    at.until_step(100)
    at.kill_service()
    at.note("kill -9 SERVICE")
    orders = at.orders()
    at.start_service()
    answered(at.type("status"), 0, "STOPPED (maintenance)", "recovering")
    answered(at.type("why"), 4, "mode is maintenance", "Where things are now")
    answered(at.type("mode set automatic"), 0)
    recovered = answered(at.type("swap recover"), 0, "journal says", "sensors say", "RESUME")
    assert at.orders() == orders, "ordered before anybody acted"
    way = printed(recovered, "station-ctl swap resume")
    answered(at.type(f"{way} -y --wait"), 0, "proven", "done")
    answered(at.type("sim report"), 0, " 0 violations")


def maintained(at: Stand) -> None:
    """Mode maintenance, key and enabling device; a pack is held on its way and brought to its bay."""
    at.heading("Maintenance: home every device, move a pack")
    answered(at.type("station stop"), 0)
    answered(at.type("mode set maintenance"), 0)
    answered(at.type("station reset -y"), 0)
    answered(at.type("station start -y"), 0, "station-ctl seq run")
    answered(at.type("station home -n"), 4, "Robot down and home", "G31", "G32")
    at.type("sim switch key on")
    at.type("sim switch enabling on")
    at.until(lambda: "0 not met" in at.ask("station", "home", "-n").text, "key and enabling device are never read")
    answered(at.type("station home -y --wait"), 0, "Reference the stacker and park it", "done: M-0")
    at.type("bay list")
    bays = at.ask("bay", "list", "--json").data["bays"]
    full, empty = (next(b["bay"] for b in bays if b["present"] is there) for there in (True, False))
    pack = next(b["custody"] for b in bays if b["bay"] == full)
    carried = f"Move the pack from bay {full} to bay {empty}"
    answered(at.type(f"battery move {full} {empty} -n"), 0, carried, "0 not met")
    talk = ("Is the machine area clear", "y\n"), (" 30 stacker  begins", CTRL_C)
    answered(at.type_on_terminal(f"battery move {full} {empty}", *talk), 8, "HOLD: ", "station-ctl seq resume")
    answered(at.type("why"), 4, "half-way", "station-ctl seq resume --looked")
    answered(at.type("seq resume --looked -y --wait"), 0, f"Plug in bay {empty}", "done")
    answered(at.type(f"battery show {pack}"), 0, f"{pack}: {empty}")
    at.type("sim switch enabling off")
    at.type("sim switch key off")
    answered(at.type("station stop"), 0)
    answered(at.type("mode set automatic"), 0, "the station is stopped")
    answered(at.type("sim report"), 0, " 0 violations")


def jogged(at: Stand) -> None:
    """One axis a little way, with the hand on the button."""
    at.heading("An axis is jogged")
    ready_to_maintain(at)
    answered(at.type("stacker jog x 100.5 -y"), 2, "A410")
    answered(at.type("stacker jog x -20 -n"), 0, "dry run", "Jog stacker.x to 1480 mm")
    answered(at.type("stacker jog x -20 -y"), 0, "done: stacker.x 1480 mm")
    answered(at.type("stacker home -y --wait"), 0, "done")


def bypassed(at: Stand) -> None:
    """A switch that lies: two persons take the row upon themselves for a while, and everybody can see it."""
    at.heading("A broken sensor, and two persons")
    at.type("sim fault sensor-stuck on tag=stacker.FORK_RETRACTED value=false")
    at.until(lambda: "G19f" in at.ask("robot", "home", "-n").text, "the broken switch is never read")
    answered(at.type("robot home -y --wait"), 4, "G19f", "Stacker fork in")
    asked = answered(at.type("interlock bypass G19f --for 10m --reason fork-seen-in -y"), 0, "a second person")
    answered(at.type("interlock bypass G32 --reason arm-is-tired -y"), 4, "G32 cannot be bypassed")
    token = at.ask("user", "add", "chen", "--role", "technician", "--json").data["token"]
    answered(at.type_as(token, printed_op(asked)), 0, "done")
    answered(at.type("status"), 0, "ROW G19F BYPASSED", "fork-seen-in", "chen")
    answered(at.type("robot home -y --wait"), 0, "done")
    at.type("sim fault sensor-stuck off tag=stacker.FORK_RETRACTED")
    answered(at.type("interlock restore G19f"), 0, "ended: G19f")
    answered(at.type("audit list --most 6"), 0, "interlock.restore")
    answered(at.type("sim report"), 0, " 0 violations")


def racks(at: Stand) -> None:
    """Who gets how many kW, and a pack that gets hot: locked, carried away, cleared after a look."""
    at.heading("Racks and charging")
    at.until(lambda: "chargers give 1" in at.ask("site", "show").text, "no pack is ever charged")
    answered(at.type("battery ready"), 0, "ready")
    answered(at.type("site show"), 0, "the site draws")
    answered(at.type("site limit 80"), 0, "at most 80 kW")
    at.until(lambda: "told 0 kW" not in at.ask("charging", "plan").text, "what is allowed is never used")
    answered(at.type("charging plan"), 0, "chargers are told")
    answered(at.type("site limit off"), 0)
    answered(at.type("charger stop A03"), 0, "no current")
    answered(at.type("charger show A03"), 0, "stopped by a person")
    answered(at.type("charger start A03"), 0, "may charge")
    at.until(lambda: "B05: 40 kW" in at.ask("charger", "show", "B05").text, "B05 never charges at full power")
    at.type("sim fault thermal-runaway on bay=B04 celsius=62 kilowatts=2")
    at.until(lambda: "A805" in at.ask("alarm", "list").text, "the hot pack is never told")
    answered(at.type("alarm list"), 0, "A805-B04")
    answered(at.type("charger show B05"), 0, "beside B04, which is hot")
    at.until(lambda: "isolation" in at.ask("battery", "list").text, "the hot pack never leaves the rack")
    answered(at.type("status"), 0, "Locked: hot in B04")
    answered(at.type("bay clear B04 --reason the-pack-is-at-the-isolation-place"), 0, "cleared")
    answered(at.type("alarm ack --all"), 0)
    answered(at.type("sim report"), 0, " 0 violations")


def ready_to_maintain(at: Stand) -> None:
    """From a station that runs swaps to one that is maintained, with key and enabling device."""
    for line in ("station stop", "mode set maintenance", "sim switch key on", "sim switch enabling on"):
        answered(at.type(line), 0)
    at.until(lambda: "0 not met" in at.ask("station", "reset", "-n").text, "the station is never ready")
    answered(at.type("station reset -y"), 0)
    answered(at.type("station start -y"), 0)
    at.until(lambda: "0 not met" in at.ask("stacker", "home", "-n").text, "key and enabling device are never read")


def alarms_and_audit(at: Stand) -> None:
    """An alarm put aside for a while, seen, and everything in the audit."""
    at.heading("Alarms and the audit")
    at.type("sim fault grid-lost on")
    at.until(lambda: "A803" in at.ask("alarm", "list").text, "the grid is lost and nobody is told")
    grid = printed(at.type("alarm list"), "A803")
    answered(at.type(f"alarm shelve {grid} --for 30m --reason electricians-at-work"), 0, "shelved for 30 min")
    answered(at.type("alarm list"), 0, "electricians-at-work")
    at.type("sim fault grid-lost off")
    answered(at.type(f"alarm unshelve {grid}"), 0)
    answered(at.type("alarm ack --all"), 0)
    answered(at.type("alarm stats"), 0, "announced in 24.0 h")
    answered(at.type("audit list --most 6"), 0, "alarm.shelve")
    answered(at.type("audit verify"), 0, "every row is as it was written")
    answered(at.type("audit export --json"), 0, "alarm.shelve")


def answered(answer: Answer, exit_: int, *words: str) -> Answer:
    """The answer, if it is the one that was to be expected."""
    missing = [word for word in words if word not in answer.text]
    told = f"{answer.words}: exit {answer.exit} for {exit_}, without {missing} in\n{answer.text}"
    assert answer.exit == exit_ and not missing, told
    return answer


def printed_op(answer: Answer) -> str:
    """The command with which a second person agrees."""
    return "op approve " + answer.text.partition("station-ctl op approve ")[2].split()[0]


def printed(answer: Answer, begins: str) -> str:
    """What the answer prints on the line that begins so: a command without the program's name, or an id."""
    line = next(line.strip() for line in answer.text.splitlines() if line.strip().startswith(begins))
    return line.removeprefix("station-ctl ") if " " in begins else line.split()[0]
