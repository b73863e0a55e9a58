"""S12 and S16 judged on the truth: hot packs and packs in doubt, from the moment at which anybody could have known.

Knows what burns, and which bays lie side by side. Asks none of our rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.explore import plant
from tests.explore.charging import BAYS
from tests.explore.image import UP
from tests.explore.plant import Truth
from tests.explore.sensing import LINKS, beside_detectors

if TYPE_CHECKING:
    from tests.explore.scene import Scene

Must = Callable[[object, str, str], None]
RACK_OF = ("rack_a", "rack_b", "rack_a")
LOCAL_TAG = ("BAY01_", "BAY01_", "BAY02_")
BESIDE = {0: (0, 2), 1: (1,), 2: (2, 0)}
"""Bays that get no current with a hot pack in this one: itself and its neighbours in the frame."""

_AT = {link: i for i, link in enumerate(LINKS)}
TELLS_HEAT = ("NO_SMOKE", "NO_PREALARM")


def notice(scene: Scene) -> None:
    """A live link shows a hot pack, or one whose insulation fails: from now on nobody may say he did not know."""
    t = scene.t
    if scene.engine is None or not (t.hot or t.sick):
        return
    for at, bay in enumerate(t.bays):
        if scene.links[_AT[RACK_OF[at]]] != UP:
            continue
        speaks = bay.plug == 2 and bay.pack != plant.NONE
        if t.hot and beside_detectors(t, at) == t.hot and (_shown(scene, at) or speaks):
            scene.noticed |= 1 << t.hot
        if t.sick and speaks and bay.pack == t.sick:
            scene.doubted |= 1 << t.sick


def _shown(scene: Scene, at: int) -> bool:
    """A detector of the bay reads what is the case."""
    tags = TELLS_HEAT if scene.t.hot == plant.FRESH else TELLS_HEAT[1:]
    mute = scene.stuck[1] if scene.stuck is not None and scene.stuck[0] == RACK_OF[at] else ""
    return any(LOCAL_TAG[at] + tag != mute for tag in tags)


def settled(scene: Scene) -> None:
    """S16: no current into a hot pack nor its neighbours, none into a pack in doubt, until a person has cleared it."""
    t = scene.t
    if scene.engine is None or not (scene.noticed or scene.doubted):
        return
    if scene.racks:
        chosen(scene)
    for at, bay in enumerate(t.bays):
        for near in BESIDE[at] if scene.noticed >> bay.pack & 1 and bay.pack else ():
            if t.bays[near].level and scene.links[_AT[RACK_OF[near]]] == UP:
                scene.broken.append(("S16", f"a hot pack in bay {at}, and bay {near} may draw current"))
        if bay.pack and scene.doubted >> bay.pack & 1 and bay.level and scene.links[_AT[RACK_OF[at]]] == UP:
            scene.broken.append(("S16", f"insulation of the pack in bay {at} fails, and it may draw current"))


def chosen(scene: Scene) -> None:
    """S12: no pack that is hot or in doubt is promised to a vehicle that might come now."""
    duty = scene.ground.duty
    bay = duty.chosen(scene, duty.look(scene))
    pack = scene.t.bays[BAYS.index(bay)].pack if bay else plant.NONE
    if pack and (scene.noticed | scene.doubted) >> pack & 1:
        scene.broken.append(("S12", f"the pack in bay {bay} is hot or in doubt, and is chosen for a vehicle"))


def leaving(scene: Scene, must: Must, role: str, opcode: int, params: tuple[int, ...]) -> None:
    """S12 and S16 when an order is given that moves a pack, or opens a charge."""
    t = scene.t
    if role == "stacker" and opcode in (20, 21, 23, 24):
        _slot(scene, must, opcode, params[0])
    toward = _toward_vehicle(t, role, opcode, params)
    must(not (toward and scene.noticed >> toward & 1), "S16", "a hot pack toward the vehicle")
    must(not (toward and scene.doubted >> toward & 1), "S12", "a pack in doubt toward the vehicle")
    if role == "stacker" and opcode == 24 and t.at_in:
        must(not scene.noticed >> t.at_in & 1, "S16", "a hot pack is put back into the rack")


def _slot(scene: Scene, must: Must, opcode: int, number: int) -> None:
    at = plant.BAY_BY_NUMBER.get(number, -1)
    must(at >= 0, "S12", "a bay that nobody has ordered")
    bay = scene.t.bays[at]
    must(not bay.charges and not bay.level, "S12", "charger on")
    must(bay.plug == 0, "S12", "plug in")
    if opcode in (21, 24):
        name = ("A01", "B01", "A02")[at]
        rests = [pack for pack, c in scene.alive.ledger if c.place == name and not c.moving]
        must(not bay.pack, "S12", "the bay is taken")
        must(not rests, "S12", "the bay is taken by the ledger")
    if opcode == 23:
        must(not scene.t.isolated, "S12", "the isolation place is taken")


def _toward_vehicle(t: Truth, role: str, opcode: int, params: tuple[int, ...]) -> int:
    """The pack that this order brings nearer to a vehicle."""
    if role == "stacker" and opcode == 20:
        return t.on_fork or t.bays[plant.BAY_BY_NUMBER[params[0]]].pack
    if role == "robot" and opcode == 31:
        return t.on_robot or t.at_in
    return t.on_robot if role == "robot" and opcode == 13 else plant.NONE
