"""Trials that a person names: in their order, each once, and none that has been tried."""

from mnist_sweep.config.space import parse_space
from mnist_sweep.search.given import Given
from mnist_sweep.search.queue import Queue
from mnist_sweep.search.samplers.untried import Tried

BASE = {"a": "5", "b": "x", "c": "7"}


def queue(*overrides: dict[str, str]) -> Queue:
    parameters = parse_space({"a": "range(1,10)", "b": "choice(x,y)"}, {})
    return Queue(parameters, Tried(parameters, BASE, 0, lambda _: True), [named(one) for one in overrides])


def named(overrides: dict[str, str]) -> Given:
    return Given(overrides, {**BASE, **overrides}, "search.start")


def test_trials_come_in_their_order_and_each_once():
    one = queue({"a": "1"}, {"a": "2"}, {"a": "1"})
    found = []
    while (following := one.next()) is not None:
        found.append(following.overrides)
        one.note(following.overrides)
    assert found == [{"a": "1"}, {"a": "2"}]


def test_the_baseline_is_not_tried_again():
    assert queue({}).next() is None


def test_a_point_of_the_space_that_the_sampler_has_tried_is_not_new():
    one = queue()
    one.tried.add({"a": "1", "b": "y"})
    assert not one.is_new(named({"a": "1", "b": "y"}))
    assert one.is_new(named({"a": "1", "b": "x"}))


def test_a_trial_beyond_the_space_is_new_whatever_was_tried_within():
    one = queue()
    one.tried.add({"a": "5", "b": "x"})
    assert one.is_new(named({"c": "8"}))
    one.note({"c": "8"})
    assert not one.is_new(named({"c": "8"}))


def test_only_what_the_space_refers_to_is_known():
    assert queue().known({"a": "1", "b": "y", "c": "7"}) == {"a": "1", "b": "y"}


def test_values_that_no_choice_has_are_told_apart():
    one = queue()
    one.tried.add({"a": "5"})  # a trial with another b that the space does not have
    assert one.is_new(named({"b": "z"}))
    one.note({"b": "z"})
    assert not one.is_new(named({"b": "z"}))
    assert one.is_new(named({"b": "w"}))
