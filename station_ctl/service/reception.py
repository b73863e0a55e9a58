"""Reception: from a vehicle at the entry to an opened swap run, or a refusal before anything moves.

Knows who may be swapped and with what. Does not know how a swap is done.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from station_ctl.charging.selection import NOTHING_KNOWN, Choice, Standing, choose
from station_ctl.core.conditions import Condition
from station_ctl.core.errors import Refused
from station_ctl.core.fleets import EVERYBODY, Admission
from station_ctl.core.modes import Phase
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import BaySignals, VehicleLink
from station_ctl.core.signals import Image
from station_ctl.core.steps import Exchange, Job, Recipe, Sequence
from station_ctl.engine.events import Audit
from station_ctl.engine.runner import Engine
from station_ctl.engine.state import Run
from station_ctl.service.procedures import Procedures
from station_ctl.service.run_watch import RunWatch

PACK_CODE = re.compile(r"[0-9A-Z-]{24}")
"""A traction-battery code: 24 characters (GB/T 34014-2017)."""

HEARD_WITHIN = 3.0
"""Wall seconds within which everything a vehicle has answered is scanned."""


class VehicleRefused(Refused):
    """The vehicle is not accepted: nothing has moved, it can drive on."""

    code = "A305"


class NotServedNow(Refused):
    """The site serves other fleets at this time of day."""

    code = "A306"


class NoReadyPack(Refused):
    """No charged pack fits this vehicle now; the text says when one will."""

    code = "A303"


class NoEmptyBay(Refused):
    """There is no place for the spent pack."""

    code = "A304"


class Stand(Protocol):
    """What reception needs of a station type."""

    @property
    def vehicle(self) -> VehicleLink: ...
    @property
    def policy(self) -> SitePolicy: ...
    @property
    def bays(self) -> tuple[BaySignals, ...]: ...


class Reception:
    """Receives vehicles one after another."""

    def __init__(
        self,
        engine: Engine,
        watch: RunWatch,
        stand: Stand,
        procedures: Procedures,
        recipes: Mapping[str, Recipe],
        admission: Admission = EVERYBODY,
    ) -> None:
        self._engine, self._watch, self._stand = engine, watch, stand
        self._procedures, self._recipes = procedures, recipes
        self.admission = admission
        """Fleets, who of them goes first, and who alone is served when."""
        self._numbers = itertools.count(engine.last_run + 1)
        self.standing: Callable[[], Standing] = lambda: NOTHING_KNOWN
        """What charging knows against packs."""
        self.why_not_bay: Callable[[str], str] = _nothing
        """What a person has said against a bay; empty if it may be used."""
        self.why_not_vehicle: Callable[[str], str] = _nothing
        """What a person has said against a vehicle, by its VIN; empty if it may come in."""
        self.why_not_served: Callable[[str], str] = _nothing
        """Why the site does not serve a vehicle now, by its VIN; empty if it does."""

    async def receive(
        self, who: str, on_job: Callable[[str, Sequence], None] | None = None
    ) -> tuple[str, Job]:
        """Identify the vehicle at the entry, choose packs, open the swap run. Returns the run's id and its job.

        `on_job` is shown the run's id and procedure just before the run is opened.

        Raises Refused (vehicle, pack, bay) with nothing moved, Interrupted if the station came to rest.
        """
        return await self.accept(await self.identify(who), who, on_job)

    async def identify(self, who: str, audit: Audit | None = None) -> int:
        """Begin to identify the vehicle at the entry. Returns the number of the visit. Raises Refused or NotAllowed."""
        number = next(self._numbers)
        await self._engine.begin(_reception(number), self._procedures.reception(), None, who, audit)
        return number

    async def accept(
        self, number: int, who: str, on_job: Callable[[str, Sequence], None] | None = None, *, expected: str = ""
    ) -> tuple[str, Job]:
        """Once the vehicle has identified itself, choose packs and open its swap run; see `receive`.

        `expected` is the VIN that a person has announced; another vehicle is refused.
        """
        identified = await self._watch.until_closed(_reception(number))
        if not identified.complete:
            raise VehicleRefused("no vehicle answers at the entry; let one drive up, then: station-ctl swap start")
        await self._heard(identified)
        job = self.job(self.image())
        if expected and job.vehicle != expected:
            raise VehicleRefused(f"the vehicle at the entry is {job.vehicle}, expected was {expected}")
        if why := self.why_not_vehicle(job.vehicle):
            raise VehicleRefused(why)
        run_id = f"S-{number:04d}"
        sequence = self._procedures.swap(job)
        if on_job is not None:
            on_job(run_id, sequence)
        await self._engine.begin(run_id, sequence, job, who)
        return run_id, job

    async def _heard(self, identified: Run) -> None:
        """Wait until the vehicle's answer is scanned: it comes with a slower scan than the PLC's done, and what was
        read before the done may be the vehicle before this one."""
        done_at = max(st.done_at for st in identified.steps)

        def heard() -> bool:
            image = self.image()
            codes = (signal.read(image).at for signal in self._stand.vehicle.pack_ids)
            return min(self._known().sampled_at(image), *codes) > done_at

        try:
            await self._engine.until(heard, HEARD_WITHIN, lambda: str(self._known()))
        except TimeoutError as error:
            raise VehicleRefused(f"vehicle at the entry: its answer cannot be read: {error}") from None

    @property
    def policy(self) -> SitePolicy:
        """The site's limits for packs."""
        return self._stand.policy

    @property
    def open_bays(self) -> tuple[BaySignals, ...]:
        """Bays that nobody has taken out of use."""
        return tuple(bay for bay in self._stand.bays if not self.why_not_bay(bay.name))

    def image(self) -> Image:
        """What is known now, with the controller's own facts."""
        return self._engine.image().with_own(self._engine.state.own)

    def job(self, image: Image) -> Job:
        """The job for the vehicle that has just identified itself. Raises Refused."""
        vin, model, pack_type = self._identity(image)
        if why := self.why_not_served(vin):
            raise NotServedNow(why)
        recipe = self._recipes.get(model)
        if recipe is None:
            raise VehicleRefused(
                f"vehicle {vin}: model {model!r} has no recipe here; known are {', '.join(self._recipes)}"
            )
        if pack_type != recipe.pack_type:
            raise VehicleRefused(
                f"vehicle {vin}: needs pack type {recipe.pack_type} for {model}; found {pack_type}"
            )
        packs = self._packs(image, vin, recipe)
        volts, known = self._stand.vehicle.hv_volts.read(image), self._stand.vehicle.port_closed.is_on()
        if not volts.good or not known.proven(image):
            raise VehicleRefused(
                f"vehicle {vin}: high-voltage state not known: {known.why_not(image) or volts}"
            )
        choices = self.choices(image, recipe, vin)
        if why := choices[0].refused:
            raise {"A303": NoReadyPack, "A304": NoEmptyBay}[choices[0].code](self._with_closed_bays(why))
        return Job(vin, recipe, "", "", "", "").with_exchanges(tuple(map(_exchange, packs, choices)))

    def choices(self, image: Image, recipe: Recipe, vehicle: str = "") -> tuple[Choice, ...]:
        """For each pack of this vehicle, of this model, the pack and the bay that it would get now, or one refusal for
        all of them; without a name, for one of no fleet."""
        kept, policy, known = self.admission.kept_from(vehicle, recipe.pack_type), self._stand.policy, self.standing()
        reserved, chosen = self.reserved(), tuple[Choice, ...]()
        for _ in range(recipe.packs):
            # One pack is exchanged after the other: where the last charged one stood, the next spent one may go.
            freed = tuple(before.fresh_bay for before in chosen[-1:])
            choice = choose(self.open_bays, image, recipe, policy, reserved, known, kept, freed)
            if choice.refused:
                which = f"for pack {len(chosen) + 1} of {recipe.packs}: " if recipe.packs > 1 else ""
                return (replace(choice, refused=which + choice.refused),)
            chosen, reserved = (*chosen, choice), reserved | {choice.fresh, choice.fresh_bay, choice.spent_bay}
        return chosen

    def _known(self) -> Condition:
        """What a vehicle must tell of itself to be swapped at all."""
        car = self._stand.vehicle
        return (
            car.auth_ok.is_on()
            & car.vin.differs("")
            & car.model.differs("")
            & car.pack_id.differs("")
            & car.pack_type.at_least(1)
        )

    def _identity(self, image: Image) -> tuple[str, str, int]:
        car, known = self._stand.vehicle, self._known()
        if not known.proven(image):
            raise VehicleRefused(f"vehicle at the entry is not identified: {known.why_not(image)}")
        vin, model, pack_type = (s.read(image).value for s in (car.vin, car.model, car.pack_type))
        assert isinstance(pack_type, int)
        return str(vin), str(model), pack_type

    def _packs(self, image: Image, vin: str, recipe: Recipe) -> tuple[str, ...]:
        """Codes of the packs that it brings, by seat. Raises VehicleRefused for one that cannot be believed."""
        told = [signal.read(image) for signal in self._stand.vehicle.pack_ids]
        codes = tuple(str(reading.value) if reading.good else "" for reading in told)
        packs, more = codes[: recipe.packs], [code for code in codes[recipe.packs :] if code]
        if more:
            known = f"a {recipe.model} carries {recipe.packs}"
            raise VehicleRefused(f"vehicle {vin}: tells of pack {more[0]}, too, and {known}; identity is not credible")
        for number, pack in enumerate(packs, 1):
            which = f"its pack {number} of {len(packs)}" if len(packs) > 1 else "its pack"
            if not PACK_CODE.fullmatch(pack):
                needed = "needs 24 capital letters, digits or hyphens"
                raise VehicleRefused(f"vehicle {vin}: {which}'s code {pack!r} is not credible; {needed}")
            if (where := image.own.ledger.where(pack)) is not None:
                here = f"is in this station by the ledger ({where})"
                raise VehicleRefused(f"vehicle {vin}: its pack {pack} {here}; identity is not credible")
        if len(set(packs)) < len(packs):
            raise VehicleRefused(f"vehicle {vin}: tells one code, {packs[0]}, for two packs; identity is not credible")
        return packs

    def _with_closed_bays(self, why: str) -> str:
        closed = [said for bay in self._stand.bays if (said := self.why_not_bay(bay.name))]
        return "; ".join([why, *closed])

    def reserved(self) -> frozenset[str]:
        """Bays and packs that open runs count on."""
        return frozenset(name for run in self._engine.state.runs for name in _counted_on(run))


def _counted_on(run: Run) -> tuple[str, ...]:
    if run.job is None:
        return ()
    if run.phase is Phase.PUT_AWAY:
        # The charged packs have left with their vehicle: where they stood the next spent pack may go.
        return run.job.spent_bays
    return tuple(name for exchange in run.job.exchanges for name in exchange.names)


def _exchange(spent: str, choice: Choice) -> Exchange:
    return Exchange(spent, choice.fresh, choice.fresh_bay, choice.spent_bay)


def _nothing(_: str) -> str:
    return ""


def _reception(number: int) -> str:
    return f"R-{number:04d}"
