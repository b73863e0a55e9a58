"""Where faults are shown that no strike of the virtual campaign injects: tests by file and name.

Knows names of tests; tests/faults/test_catalogue.py finds out whether they exist. Does not know what they do.
"""

from __future__ import annotations

from collections.abc import Mapping

_OWN = "tests/liveness/test_own_tasks.py::"
_DISK = "tests/liveness/test_disk.py::"
_SICK = "tests/crash/test_sick_disks.py::"
_STARTED = "tests/faults/test_restarted_otherwise.py::"
_REFUSED = "tests/faults/test_refusals.py::"
_CHARGING = "tests/service/test_charging_duty.py::"
_HOT = f"{_CHARGING}test_a_hot_pack_and_its_neighbours_get_no_current_it_leaves_the_rack_and_stays_locked"
_UNFIT = "tests/service/test_unfit_returned_pack.py::"
_RACKS = "hil_tests/test_racks_on_the_wire.py::"

PROOFS: Mapping[str, tuple[str, ...]] = {
    "H01": (
        "tests/crash/test_crashes.py::test_a_swap_crashed_at_every_point_and_interrupted_in_every_step_comes_to_its_end",
        "hil_tests/test_kill_on_the_wire.py::test_a_killed_controller_finds_its_swap_again",
    ),
    "H02": (
        "tests/service/test_foreground.py::test_end_in_the_middle_of_a_step_holds_the_swap_and_waits_until_machines_stand",
        "tests/service/test_foreground.py::test_half_done_swap_is_in_the_journal_for_the_next_start",
        "hil_tests/test_run_service.py::test_service_becomes_ready_orders_nothing_and_ends_clean",
    ),
    "H03": ("hil_tests/test_faults_of_the_host.py::test_a_controller_that_was_frozen_for_five_seconds_stands_and_goes_on",),
    # A limit of memory is enforced by the kernel with SIGKILL.
    "H04": ("hil_tests/test_kill_on_the_wire.py::test_a_killed_controller_finds_its_swap_again",),
    "H05": (f"{_OWN}test_a_loop_that_stood_still_is_named_and_nothing_else_is_blamed",),
    "H06": (
        f"{_OWN}test_a_gate_that_hangs_in_a_commit_is_named_and_silences_us",
        f"{_OWN}test_a_journal_thread_that_was_ended_raises_instead_of_hanging",
    ),
    "H07": (
        f"{_OWN}test_a_link_task_that_dies_is_named_and_silences_us",
        f"{_OWN}test_a_task_that_is_cancelled_by_mistake_is_named_and_silences_us",
        f"{_OWN}test_a_journal_thread_that_is_gone_takes_the_gate_with_it_and_is_named",
    ),
    "H08": (f"{_OWN}test_a_link_task_that_hangs_is_found_by_the_age_of_what_it_read",),
    "H09": (
        f"{_DISK}test_a_disk_that_takes_nothing_aborts_and_lets_no_order_leave",
        f"{_SICK}test_a_disk_that_fills_up_in_a_swap_makes_the_machine_safe_and_the_swap_goes_on_later",
    ),
    "H10": (f"{_SICK}test_a_disk_that_fails_to_synchronise_stops_the_swap_and_loses_nothing",),
    "H11": (
        f"{_DISK}test_a_disk_that_takes_nothing_aborts_and_lets_no_order_leave",
        f"{_SICK}test_a_read_only_disk_is_told_at_the_start",
    ),
    "H12": (
        f"{_DISK}test_a_stop_is_not_delayed_by_a_commit_that_takes_long",
        f"{_DISK}test_a_swap_goes_on_with_a_disk_that_takes_half_a_second_for_everything",
    ),
    "H13": (
        "tests/fuzz/test_journal_files.py::test_a_file_with_wrong_bytes_is_refused_in_words_or_read",
        "tests/cli/test_run.py::test_damaged_journal_stops_the_start_and_is_left_as_it_is",
    ),
    "H14": (
        "tests/engine/test_journal.py::test_a_journal_that_is_missing_is_not_made_silently",
        "tests/cli/test_run.py::test_without_a_journal_the_start_is_refused_and_names_the_flag_for_a_new_one",
    ),
    "H15": (f"{_SICK}test_an_old_copy_of_the_journal_is_refused_by_the_machine",),
    "H16": ("tests/liveness/test_clocks.py::test_a_swap_is_the_same_whatever_the_time_of_day_does",),
    "H17": ("tests/liveness/test_clocks.py::test_nobody_decides_by_the_time_of_day",),
    "H18": (
        "tests/liveness/test_file_descriptors.py::test_a_link_without_descriptors_tries_seldom_and_says_why",
        "tests/liveness/test_file_descriptors.py::test_a_journal_without_descriptors_is_refused_in_words",
    ),
    "H19": (
        "tests/cli/test_run.py::test_second_instance_is_told_that_the_first_runs",
        "hil_tests/test_run_service.py::test_second_instance_is_refused_and_the_first_goes_on",
    ),
    "H20": (
        f"{_STARTED}test_files_that_change_under_a_running_swap_change_nothing",
        f"{_STARTED}test_a_swap_whose_vehicle_has_no_recipe_any_more_is_attended_only",
    ),
    "H21": (
        f"{_STARTED}test_a_swap_of_a_version_with_other_steps_is_attended_only",
        "tests/engine/test_journal.py::test_a_file_that_cannot_be_trusted_is_refused_with_what_to_do",
    ),
    "H22": (
        "tests/test_logs.py::test_stuck_reader_stops_nobody_and_lost_lines_are_counted",
        "tests/faults/test_full_log.py::test_a_full_log_partition_stops_nobody",
    ),
    "H25": ("hil_tests/test_service_manager.py::test_beats_come_while_every_task_lives_and_end_with_a_stuck_one_that_is_named",),
    "F20": (f"{_CHARGING}test_a_welded_contactor_is_told_counted_and_ordered_nothing",),
    "F21": (
        f"{_CHARGING}test_a_silent_charger_is_told_and_its_pack_charges_again_when_it_is_heard",
        f"{_CHARGING}test_a_rack_that_was_lost_counts_with_its_levels_and_charges_again_by_new_sessions",
        f"{_CHARGING}test_the_site_never_draws_more_than_the_limit_that_holds",
    ),
    "F22": (_HOT,),
    "F23": (
        _HOT, f"{_RACKS}test_a_hot_pack_gets_no_current_leaves_the_rack_and_stays_locked_until_a_person_clears_it",
    ),
    "F25": (
        f"{_UNFIT}test_unfit_packs_are_put_away_told_and_not_charged_and_one_that_was_only_warm_is_when_it_has_cooled",
        f"{_CHARGING}test_a_pack_that_lies_is_locked_told_and_charged_no_more_while_the_others_go_on",
        f"{_RACKS}test_a_returned_pack_whose_bms_lies_is_never_charged_until_a_person_clears_it",
    ),
    "F32": (
        "tests/faults/test_cold.py::test_in_a_cold_climate_runners_are_warm_before_a_bolt_is_touched",
        "tests/faults/test_cold.py::test_without_preheating_the_frost_stops_the_swap_before_a_bolt_has_moved",
        "tests/faults/test_cold.py::test_runners_that_do_not_get_warm_hold_the_swap_and_go_on_once_they_do",
    ),
    "F35": (
        f"{_REFUSED}test_without_a_ready_pack_it_says_when_the_next_one_is",
        f"{_REFUSED}test_without_an_empty_bay_the_vehicle_is_refused",
    ),
    "F36": (
        f"{_DISK}test_a_disk_that_takes_nothing_aborts_and_lets_no_order_leave",
        "tests/liveness/test_clocks.py::test_a_swap_is_the_same_whatever_the_time_of_day_does",
    ),
}  # fmt: skip
"""By the number of the fault."""
