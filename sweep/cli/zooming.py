"""The command that goes towards a point of a map: zoom."""

from math import isnan
from typing import Annotated, Literal

from typer import Option

from sweep.cli.door import RESULTS, Folder, Json, Name, Overrides, Threads, app
from sweep.cli.terminal import columns, note, tell


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
        said = ("-", "-") if isnan(low) else (f"{row['dimension']:.2f}", f"{low:.2f} to {high:.2f}")
        counts = (f"{row['trials']:,}", f"{row['trained']:,}")
        corner = (repr(row["x_from"]), repr(row["y_from"]))
        rows.append((f"{row['width']:.3g}", *counts, *said, *corner))
    columns(rows, right=(1, 2))
    if found.ended:
        note(f"{found.study}: ends at frame {len(table)}: {found.ended}")
    import_seaborn()
    from sweep.views.film import film

    print(film(found, found.directory / "figures" / f"zoom.{form}"))
