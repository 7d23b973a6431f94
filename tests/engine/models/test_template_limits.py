"""Limits on templates: what is refused before it runs, and what is ended while it runs."""

import sys

import jinja2
import pytest

from engine.models import template_limits
from engine.models.template_limits import MOST_CHARACTERS, TemplateTooLong, limited_time, refuse_endless_sums


@pytest.mark.parametrize(
    "source", ["{{ 9 ** 9 ** 9 }}", "{{ 'x' * 99999999999 }}", "{{ 9_999_999_999_999 }}", "x" * (MOST_CHARACTERS + 1)]
)
def test_a_step_that_no_time_limit_can_stop_is_refused(source: str) -> None:
    with pytest.raises(TemplateTooLong):
        refuse_endless_sums(source)


def test_stars_in_text_and_small_numbers_are_no_sums() -> None:
    source = "**bold** {{ 'a ** b' }} {{ 0x10 }}"
    refuse_endless_sums(f"{source} {{{{ loop.index0 % 2 == 0 }}}}")
    assert jinja2.Environment().from_string(source).render() == "**bold** a ** b 16"


def test_a_template_that_cannot_be_read_says_so() -> None:
    with pytest.raises(jinja2.TemplateSyntaxError):
        refuse_endless_sums("{{ ` }}")


def test_an_endless_template_is_ended_and_the_tracer_before_it_is_back() -> None:
    template = jinja2.Environment().from_string(
        "{% for i in range(10**6) %}{% for j in range(10**6) %}{% set x = i %}{% endfor %}{% endfor %}"
    )
    before = sys.gettrace()
    with pytest.raises(TemplateTooLong, match=r"within 0\.05 s"), limited_time(0.05):
        template.render()
    assert sys.gettrace() is before


def test_a_template_that_fills_the_memory_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_limits, "_MOST_BYTES", 1 << 24)
    monkeypatch.setattr(template_limits, "_SUSPICIOUS_SECONDS", 0.0)
    growing = "{% set n = namespace(x='a' * 1000) %}{% for i in range(20) %}{% set n.x = n.x ~ n.x %}{% endfor %}"
    with pytest.raises(TemplateTooLong, match="fills the memory"), limited_time(60):
        jinja2.Environment().from_string(growing).render()
