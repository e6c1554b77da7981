"""What is particular to a task, if anything is."""

from mnist_sweep.config.traits import Traits, traits


def test_a_task_need_not_have_any() -> None:
    class Plain:
        pass

    class Noted:
        traits = Traits(note="a rehearsal")

    class Odd:
        traits = "something else"

    assert traits(Plain()) == traits(Odd()) == Traits()
    assert traits(Noted()).note == "a rehearsal"
