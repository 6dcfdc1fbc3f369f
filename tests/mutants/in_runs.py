"""Mistakes in what happens from step to step, what is measured and what is kept."""

from .mutant import Mutant

_STOPPING = "test_stopping.py::test_nothing_changes_up_to_the_stop_and_everything_stays_after"
_MEASURES = "test_measures.py::test_measures_are_those_of_the_curve"

STEPS = (
    Mutant(
        "kernel.py",
        "ending = active & ends(error, given)",
        "ending = ends(error, given)",
        "a trial that has stopped stops again",
        (_STOPPING,),
    ),
    Mutant(
        "kernel.py",
        "last = last or not any_lane(active)",
        "last = last or any_lane(ending)",
        "a stop ends the block",
        ("test_stopping.py::test_keeping_parameters_changes_nothing[sgd-final]",),
    ),
    Mutant(
        "kernel.py",
        "net.w[p] = select(active, net.w[p], net.saved[p])",
        "net.w[p] = select(active | (net.w[p] == net.w[p]), net.w[p], net.saved[p])",
        "a trial that has stopped goes on until it is NaN",
        (_STOPPING,),
    ),
    Mutant(
        "kernel.py",
        "net.k[p] = select(active, net.k[p], net.saved_k[p])",
        "net.k[p] = net.k[p]",
        "what the optimizer keeps goes on after the stop",
        ("test_stopping.py::test_what_the_optimizer_keeps_stays_too",),
    ),
    Mutant(
        "kernel.py",
        "(load(given.marks, DIVERGED_STEP * given.columns + block) < 0)",
        "(load(given.marks, DIVERGED_STEP * given.columns + block) <= 0)",
        "a trial that diverged at once is trained on where a run goes on",
        ("test_stopping.py::test_keeping_parameters_changes_nothing[at once-every 7]",),
    ),
    Mutant(
        "kernel.py",
        "if epochs or given.start > 0:",
        "if epochs or given.start > WINDOW:",
        "the first losses are lost where a run goes on",
        ("test_law_of_bits.py::test_going_on_from_where_parameters_were_kept",),
    ),
    Mutant(
        "block.py",
        "range(start, stop, max(longest, 1))",
        "range(start, stop, max(longest + 1, 1))",
        "a step is left out between two tables of samples or factors",
        ("test_batches.py::test_what_the_kernel_is_handed_at_a_time_does_not_matter",),
    ),
    Mutant(
        "block.py",
        "since = np.searchsorted(self.loss_steps, start + 1 if start else 0)",
        "since = np.searchsorted(self.loss_steps, start + 1)",
        "the loss before the first step is not recorded",
        ("test_trainer.py::test_loss_plans_agree_where_they_overlap",),
    ),
    Mutant(
        "block.py",
        "self.given.samples, size, start, stop + 1)",
        "self.given.samples, size, start, stop)",
        "the last loss has no batch",
        ("test_batches.py::test_an_order_that_all_trials_share[shuffle-3]",),
    ),
    Mutant(
        "trainer.py",
        "with default_mode():\n        return _train(",
        "with np.errstate():\n        return _train(",
        "the thread's floating-point mode is left as it is",
        ("test_processor.py",),
    ),
    Mutant(
        "processor.py",
        "exchange_mode(before)",
        "exchange_mode(_DEFAULT.get(platform.machine(), 0))",
        "the thread's floating-point mode is not put back",
        ("test_processor.py",),
    ),
)
MEASURES = (
    Mutant(
        "measures.py",
        "for s in range(step - 1, first - 1, -1):",
        "for s in range(first, step):",
        "the best step is the last of several",
        (_MEASURES,),
    ),
    Mutant(
        "measures.py",
        "sought = maybe & (mark < 0)",
        "sought = maybe",
        "what happened first is marked again in later windows",
        (_MEASURES,),
    ),
    Mutant(
        "measures.py",
        "maybe = active & ((largest > bound) | (total - total != 0.0))",
        "maybe = active & (largest > bound)",
        "a loss that is NaN goes unseen",
        ("test_measures.py::test_from_a_number_straight_to_nan",),
    ),
    Mutant(
        "measures.py",
        "return ~(error <= bound)",
        "return error > bound",
        "a loss that is NaN has not diverged",
        ("test_measures.py::test_from_a_number_straight_to_nan",),
    ),
    Mutant(
        "measures.py",
        "for s in range(step + 1 - count, step + 1):",
        "for s in range(step, step - count, -1):",
        "law of bits: the last losses are summed backwards",
        (_MEASURES,),
    ),
    Mutant(
        "measures.py",
        "store(extremes, LARGEST * columns + block, select(active, largest, before_largest))",
        "store(extremes, LARGEST * columns + block, largest)",
        "the largest loss grows after the stop",
        ("test_stopping.py::test_measures_are_those_of_a_run_that_ends_there",),
    ),
    Mutant(
        "trained.py",
        'well = measures["tail_loss"] < measures["initial_loss"]',
        'well = measures["tail_loss"] <= measures["initial_loss"]',
        "a plateau has converged",
        ("test_measures.py::test_outcomes_by_tail",),
    ),
    Mutant(
        "block.py",
        "bound = min(outcome.diverged_above, float(np.finfo(self.dtype).max))",
        "bound = outcome.diverged_above",
        "an infinite loss has not diverged",
        ("test_measures.py::test_a_trial_that_never_had_a_number",),
    ),
    Mutant(
        "block.py",
        "table[(stopped >= 0) & (places > stopped)] = np.nan",
        "table[(stopped > 0) & (places > stopped)] = np.nan",
        "losses go on after a stop at once",
        ("test_stopping.py::test_keeping_parameters_changes_nothing[at once-final]",),
    ),
    Mutant(
        "block.py",
        "recent[:, places < 0] = np.nan",
        "recent[:, places < -1] = np.nan",
        "there is a loss before the first",
        ("test_trainer.py::test_recent_losses_are_the_ends_of_the_curves",),
    ),
    Mutant(
        "block.py",
        "self.middle = np.array([(self.targets.min() + self.targets.max()) / 2]",
        "self.middle = np.array([np.median(self.targets)]",
        "classes are parted at the median of the targets",
        ("test_validation.py::test_at_every_step[edits3]",),
    ),
    Mutant(
        "measures.py",
        "v = select(v < CAP, v, CAP)",
        "v = select(v > CAP, CAP, v)",
        "a loss that is NaN makes the sum of the whole curve NaN",
        ("test_measures.py::test_measures_of_the_whole_curve",),
    ),
    Mutant(
        "measures.py",
        'rise = select(error - error == 0.0, error - lowest, float("inf"))',
        "rise = error - lowest",
        "a loss that is NaN is no rise",
        ("test_measures.py::test_from_a_number_straight_to_nan",),
    ),
    Mutant(
        "measures.py",
        "store(at, columns + block, select(active, total + v, total))",
        "store(at, columns + block, total + v)",
        "the sum of the whole curve goes on after the stop",
        ("test_measures.py::test_a_trial_that_stops_goes_on_with_its_last_loss",),
    ),
)
TWINS = (
    Mutant(
        "twin.py",
        "if step >= given.twin_from:",
        "if step >= 0:",
        "the exponent is also of the steps before the half",
        ("test_lyapunov.py::test_short_chaos_is_that_of_numpy_step_for_step",),
    ),
    Mutant(
        "twin.py",
        "twin.d[i] = net.d[i]",
        "twin.d[i] = splat(0.0)",
        "a twin does not drift",
        ("test_lyapunov.py::test_a_twin_drifts_as_its_trial_does",),
    ),
    Mutant(
        "twin.py",
        "nearest = distance * 2.0 ** (-52 if",
        "nearest = distance * 2.0 ** (-520 if",
        "twins that met stay together",
        ("test_lyapunov.py::test_twins_that_meet_part_by_their_last_digit_and_go_on",),
    ),
    Mutant(
        "twin.py",
        "select(active, more, total)",
        "more",
        "the exponent goes on after the stop",
        ("test_lyapunov.py::test_a_trial_that_stopped_has_that_of_the_steps_it_took",),
    ),
)
INSTANTS = (
    Mutant(
        "trainer.py",
        "block.advance(before, step)",
        "block.advance(0, step)",
        "a moment is reached from the start again",
        ("test_instants.py::test_it_is_where_training_passes",),
    ),
    Mutant(
        "trainer.py",
        "batch.size, step, step + 1)",
        "batch.size, step + 1, step + 2)",
        "a moment shows the samples of the next",
        ("test_instants.py::test_samples_are_those_of_the_step",),
    ),
    Mutant(
        "trainer.py",
        "group.steps, step, step + 1)",
        "group.steps, step + 1, step + 2)",
        "a moment shows the factor of the next",
        ("test_instants.py::test_the_factor_is_that_of_the_next_update",),
    ),
)
CACHE = (
    Mutant(
        "compile.py",
        "return (text, *versions,",
        "return (*versions,",
        "a kernel's key does not know the code it was made of",
        ("test_compile.py::test_the_key_holds_what_the_code_depends_on",),
    ),
    Mutant(
        "compile.py",
        'parent.rglob("*.py")',
        'parent.glob("*.py")',
        "a kernel's key does not know the folders below",
        ("test_compile.py::test_the_key_holds_what_the_code_depends_on",),
    ),
    Mutant(
        "compile.py",
        "status.st_mode & 0o022",
        "status.st_mode & 0o002",
        "a kernel that the group may write is trusted",
        ("test_compile.py::test_an_entry_that_others_may_write_is_not_trusted",),
    ),
    Mutant(
        "compile.py",
        "return (name.decode(), code) if found == key.encode() else None",
        "return name.decode(), code",
        "another kernel's code is run",
        ("test_compile.py::test_a_sound_entry_under_another_s_name_is_not_run",),
    ),
)
