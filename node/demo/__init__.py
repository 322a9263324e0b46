"""`echonode demo`: the whole node at work on a synthetic study, beside a receiving PACS in its own process."""
