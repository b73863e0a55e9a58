"""Actions on charging: chargers, locked packs, the site's limit, the plan. Current is a level: nothing moves."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.catalogue.bay import BayWanted
from station_ctl.service.persons import Role


class ChargerLimit(BayWanted):
    """The most that a charger may give."""

    kw: float = Field(ge=0, le=500, allow_inf_nan=False, description="kW at most; 0 for none")


class SiteLimitWanted(Params):
    """The most that the whole site may draw from the grid."""

    kw: str = Field(pattern=r"^(off|[0-9]{1,5}(\.[0-9])?)$", description="kW at most, or off for the policy's own limit")


ACTIONS = (
    Action("charger.show", Kind.READ, Role.VIEWER, Words("One charger: session, level, and why it gets what it gets.", "一台充电机：会话、功率上限及其原因。"), "charging:show_charger", BayWanted),
    Action("charger.stop", Kind.SAFE, Role.OPERATOR, Words("No current in this bay until somebody starts it again.", "停止该仓充电，直至人员重新启动。"), "charging:stop_charger", BayWanted),
    Action("charger.start", Kind.SAFE, Role.OPERATOR, Words("Let this bay charge again, as far as pack and site allow.", "允许该仓重新充电（以电池包和站点允许为限）。"), "charging:start_charger", BayWanted),
    Action("charger.limit", Kind.SAFE, Role.TECHNICIAN, Words("The most that this charger may give.", "设定该充电机的最大功率。"), "charging:limit_charger", ChargerLimit),
    Action("bay.quarantine", Kind.SAFE, Role.OPERATOR, Words("Lock the pack of a bay: no current, no vehicle.", "锁定该仓电池包：不充电、不换出。"), "charging:quarantine", BayWanted, reason=True),
    Action("bay.clear", Kind.SAFE, Role.TECHNICIAN, Words("Clear a bay after a look: hot latch and quarantine.", "现场查看后解除该仓的过热锁定和隔离。"), "charging:clear", BayWanted, plan="charging:plan_clear", reason=True),
    Action("battery.ready", Kind.READ, Role.VIEWER, Words("Packs ready for a swap, locked ones, and when the next is ready.", "可换出的电池包、被锁定的电池包及下一个就绪时间。"), "charging:show_ready"),
    Action("charging.plan", Kind.READ, Role.VIEWER, Words("Who gets how many kW now, and the plan of the day.", "当前功率分配及当日计划。"), "charging:show_plan"),
    Action("site.show", Kind.READ, Role.VIEWER, Words("Power of the site: drawn, allowed, by whom.", "站点功率：已用、允许及限制来源。"), "charging:show_site"),
    Action("site.limit", Kind.SAFE, Role.TECHNICIAN, Words("The most that the whole site may draw.", "设定全站最大取电功率。"), "charging:limit_site", SiteLimitWanted, plan="charging:plan_limit"),
)  # fmt: skip
