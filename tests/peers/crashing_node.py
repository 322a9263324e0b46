"""A node that ends by SIGKILL at a chosen commit. Its receivers kill it there too, where the commit is theirs.

`python -m tests.peers.crashing_node ORDERS CONFIG`. The node lives as any other until the file ORDERS says where to end;
occurrences are counted from then on. Where a file `findings.json` stands beside ORDERS, its analysis processes load no
networks and answer with that. They import this file too, so nothing stands outside its condition.
"""

if __name__ == "__main__":
    import os
    import signal
    import sys
    from functools import partial
    from pathlib import Path

    import typer

    from node import app
    from node.ingress import receivers
    from node.settings import load_settings
    from node.work import executor
    from tests.peers import prepared_findings
    from tests.peers.crash_orders import Orders, kill_at

    orders = Path(sys.argv[1])
    findings = orders.with_name("findings.json")
    if findings.is_file():
        executor._warm_up = partial(prepared_findings.start, findings)
    kill_at(Orders(orders), lambda: os.kill(os.getpid(), signal.SIGKILL))
    receivers.COMMAND = (sys.executable, "-m", "tests.peers.crashing_receiver", str(orders))
    app.serve(load_settings(Path(sys.argv[2])), lambda port: typer.echo(f"ready 127.0.0.1:{port}"))
