"""The same job driven by LangGraph.

LangGraph drives; it does not keep the record. Its state holds references (stage to result_id) and
nothing else, so a checkpoint stays small and a changed checkpoint cannot change a result. A review is
a node of its own: its first effect is `interrupt`, and nothing after it can raise. Decisions stand in
our store before the graph is resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypedDict

from carbonost._lazy import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carbonost.agents.driver import Driver
    from carbonost.agents.events import Event

RECURSION_LIMIT: Final = 200


def _merge(left: dict[str, str], right: dict[str, str]) -> dict[str, str]:
    return {**left, **right}


class GraphState(TypedDict, total=False):
    """What LangGraph checkpoints: references only."""

    job_id: str
    envelopes: Annotated[dict[str, str], _merge]


class LangGraphRunner:
    """Drives a job as a LangGraph graph: START, stage, review where one waits, …, END.

    Parameters
    ----------
    checkpointer : BaseCheckpointSaver, optional
        Any LangGraph saver; in memory by default. Its serialiser should refuse foreign types
        (``JsonPlusSerializer(allowed_msgpack_modules=None)``).
    """

    def __init__(self, checkpointer: Any = None) -> None:
        load("langgraph.graph", "the LangGraph runner")
        if checkpointer is None:
            memory = load("langgraph.checkpoint.memory", "the LangGraph runner")
            serde = load("langgraph.checkpoint.serde.jsonplus", "the LangGraph runner")
            checkpointer = memory.InMemorySaver(serde=serde.JsonPlusSerializer(allowed_msgpack_modules=None))
        self._checkpointer = checkpointer

    def graph(self, driver: Driver) -> Any:
        """Return the compiled graph of a driver's stages."""
        graph = load("langgraph.graph", "the LangGraph runner")
        builder = graph.StateGraph(GraphState)
        names = driver.names
        for i, name in enumerate(names):
            after = names[i + 1] if i + 1 < len(names) else graph.END
            builder.add_node(name, _stage_node(driver, name))
            builder.add_node(f"review_{name}", _review_node(driver, name))
            ways = {"go": after, "wait": f"review_{name}", "stop": graph.END}
            builder.add_conditional_edges(name, _gate(driver, name), ways)
            builder.add_conditional_edges(f"review_{name}", _gate(driver, name), ways)
        builder.add_edge(graph.START, names[0])
        return builder.compile(checkpointer=self._checkpointer)

    def drive(self, driver: Driver) -> Iterator[Event]:
        """Start the graph, or resume it where it waits."""
        types = load("langgraph.types", "the LangGraph runner")
        app = self.graph(driver)
        config = {"configurable": {"thread_id": driver.job_id}, "recursion_limit": RECURSION_LIMIT}
        held = app.get_state(config)
        feed: Any = {"job_id": driver.job_id, "envelopes": {}}
        if held.interrupts:
            feed = types.Command(resume={pause.id: "see the store" for pause in held.interrupts})
        elif held.next:
            feed = None
        yield from app.stream(feed, config, stream_mode="custom", durability="sync")
        yield from driver.finish()


def _stage_node(driver: Driver, name: str) -> Callable[[GraphState], GraphState]:
    writer = load("langgraph.config", "the LangGraph runner").get_stream_writer

    def node(_state: GraphState) -> GraphState:
        write = writer()
        for event in driver.execute(name):
            write(event)
        return {"envelopes": {name: driver.ledger.heads[name]}}

    return node


def _review_node(driver: Driver, name: str) -> Callable[[GraphState], GraphState]:
    interrupt = load("langgraph.types", "the LangGraph runner").interrupt

    def node(_state: GraphState) -> GraphState:
        item = driver.ledger.pending(name)
        if item is not None:
            interrupt({"checkpoint_id": item.checkpoint_id})
        return {}

    return node


def _gate(driver: Driver, name: str) -> Callable[[GraphState], str]:
    def route(_state: GraphState) -> str:
        return driver.gate(name)

    return route
