"""Load a model and ask it which view a synthetic frame shows: python examples/load_a_model.py"""

import torch

from models import load_model
from models.catalogue import View
from models.phantom.truth import training_frames


def main() -> None:
    model = load_model("phantom_view", pretrained=True)  # its weights are checked against their hash
    manifest = model.manifest
    print(f"{manifest.name} {manifest.version}: {manifest.input_size_px} px square, gives {', '.join(manifest.labels)}")

    for view in (View.A4C, View.A2C):
        (frame,) = training_frames(7, views=(view,), size=manifest.input_size_px, phases=1)  # uint8 grey, (rows, columns)
        grey = torch.from_numpy(frame.image).float()[None, None] / 255  # (1, 1, rows, columns), 0 to 1
        with torch.inference_mode():
            probabilities = model(grey).softmax(dim=1)[0]
        likeliest = int(probabilities.argmax())
        print(f"drawn: {frame.view}  found: {manifest.labels[likeliest]} ({probabilities[likeliest]:.0%})")


if __name__ == "__main__":
    main()
