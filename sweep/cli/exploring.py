"""The command that serves a page: explore."""

from typing import Annotated

from typer import Option

from sweep.cli.door import RESULTS, Folder, Name, Overrides, Size, Threads, app, edits_of
from sweep.cli.terminal import note


@app.command()
def explore(
    name: Name,
    port: Annotated[int | None, Option(metavar="N", help="By default 8432, or a free one.")] = None,
    host: Annotated[
        str, Option(metavar="ADDRESS", help="Another address than this machine's own.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, Option("--no-browser", help="Only print the address.")] = False,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
    threads: Threads = None,
) -> None:
    """Open a map of STUDY that is dragged and zoomed, and trains what is looked at."""
    import webbrowser

    from sweep.explorer import explore
    from sweep.explorer.exploring import is_loopback

    if not is_loopback(host):
        note(f"warning: whoever reaches {host} and has the token uses this machine, unencrypted")

    def ready(address: str) -> None:
        print(f"{address}\nCtrl-C ends it; tiles are kept", flush=True)
        if not no_browser:
            webbrowser.open(address)

    explore(
        name, overrides=edits_of(name, overrides, size), results=results, host=host, port=port,
        threads=threads, on_ready=ready,
    )  # fmt: skip
