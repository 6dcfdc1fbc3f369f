"""Commands for maps: explore, a page that maps a study; and zoom, towards a point of one."""

from typing import Annotated, Literal

from typer import Option

from sweep.cli.door import (
    RESULTS,
    Folder,
    Json,
    Name,
    Overrides,
    Size,
    Threads,
    app,
    edits_of,
)
from sweep.cli.terminal import columns, note, said, tell


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


@app.command()
def zoom(  # noqa: PLR0913 - a command's options are its arguments
    name: Name,
    at: Annotated[
        str, Option(metavar="X,Y", help="The point; by default where there is most boundary.")
    ] = "boundary",
    depth: Annotated[int, Option(metavar="N", help="How many windows follow the first.")] = 10,
    factor: Annotated[int, Option(metavar="F", help="How many times narrower each is.")] = 2,
    size: Annotated[
        int | None, Option(metavar="N", help="Points along each axis, a power of two.")
    ] = None,
    form: Annotated[
        Literal["gif", "mp4"], Option("--format", help="Of the film; mp4 needs ffmpeg.")
    ] = "gif",
    overrides: Overrides = None,
    results: Folder = RESULTS,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Train ever closer windows of a map of STUDY, and make a film of them."""
    from sweep.analysis.dimension import by_window
    from sweep.cli.studies import import_seaborn
    from sweep.runs.zooming import zoom

    if form == "mp4" and not json:
        import_seaborn()
        from sweep.views.film import encoder

        encoder()  # before anything is trained
    found = zoom(name, at, depth, factor=factor, size=size, overrides=overrides or (),
                 results=results, threads=threads)  # fmt: skip
    table = by_window(found)
    if json:
        about = {"study": found.study, "axes": found.axes, "directory": found.directory}
        tell(about | {"frames": table, "ended": found.ended})
        return
    axes = (f"{one} FROM" for one in found.axes)
    rows = [("WIDTH", "TRIALS", "TRAINED", "DIMENSION", "INTERVAL", *axes)]
    for row in table.to_dict("records"):
        low, high = row["dimension_low"], row["dimension_high"]
        known = said("{:.2f}".format, low, high)
        dimension = known if known == "-" else f"{row['dimension']:.2f}"
        counts = (f"{row['trials']:,}", f"{row['trained']:,}")
        corner = (repr(row["x_from"]), repr(row["y_from"]))
        rows.append((f"{row['width']:.3g}", *counts, dimension, known, *corner))
    columns(rows, right=(1, 2))
    if found.ended:
        note(f"{found.study}: ends at frame {len(table)}: {found.ended}")
    import_seaborn()
    from sweep.views.film import film

    print(film(found, found.directory / "figures" / f"zoom.{form}"))
