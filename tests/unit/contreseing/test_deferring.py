from __future__ import annotations

import threading

from contreseing.deferring import build_now, deferred, is_built


class Port:
    def __init__(self) -> None:
        self.calls = 0

    def call(self) -> int:
        self.calls += 1
        return self.calls


def test_a_deferred_port_is_built_at_its_first_use_and_once() -> None:
    built = []

    def build() -> Port:
        built.append(Port())
        return built[-1]

    port = deferred(build)
    assert not is_built(port)
    assert built == []
    threads = [threading.Thread(target=port.call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert is_built(port)


def test_a_port_may_be_built_at_once() -> None:
    port = deferred(Port)
    build_now(port)
    assert is_built(port)
    assert port.call() == 1


def test_a_plain_port_stands_already() -> None:
    port = Port()
    build_now(port)
    assert is_built(port)
