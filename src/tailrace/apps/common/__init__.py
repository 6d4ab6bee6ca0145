"""What all applications share, so that each is its model, its data, its pictures and little else.

An application NAME is a package `tailrace.apps.NAME`, and a line in `tailrace.apps.COMMANDS`:

    cli.py        add_parser(subparsers): adds its command with `options.command`; loads nothing
                  heavy, since `tailrace --help` reads it. What a command does is named with
                  `options.later("tailrace.apps.NAME.commands", "function")`: the function takes the
                  parsed arguments and returns the exit status (None is 0).
    commands.py   what its commands do
    settings.py   a frozen dataclass on `settings.Record`: checked values, to and from JSON
    estimator.py  its class in scikit-learn's manner on `estimator.Estimator`, and a line in
                  `tailrace.apps.CLASSES`

The pieces, each a module:

    options    commands with help and examples, options that many have (--out, --seed, --minutes)
    settings   `Record` and checks that name the option: `at_least("size", 0, 1)` raises
               "--size 0: must be at least 1"
    estimator  `Estimator`: get_params, set_params, repr, and "not fitted yet"; `KeptEstimator`, one
               around a `kept.Kept`, also save, load and history_
    kept       `Kept`: a network that is saved in a model folder and loaded from it
    files      files written whole or not at all, text read with a clear word when it cannot be,
               folders that must be free
    folder     a model folder: `model.json` (`write`, `read`) and `Checkpoints`; no pickle
    parts      training, validation and test part of rows or of a series; random numbers of a seed;
               mean and deviation over seeds
    vocabulary texts as characters or words, their numbers, padded batches
    decoder    a network that writes texts and attends to a memory, as a graph; `writer` runs it;
               `sentences` are what it learns and writes, `quality` says how good they are, and
               `schooling` is how its `train` goes
    training   the loop: `Course`, `Progress`, `Training`
    runs       `Run`: a training in its model folder, with bar, best and last checkpoint, resumption
               and event files; what `--resume` takes
    figures    `figures.json`: what a run came to, over seeds, beside its baseline
    display    console, `Table` and `show`, the moving `Bar`, `stopping` for Ctrl-C
    labels     names beside the points of a picture, which do not hide one another
    pictures   read from files and folders, laid side by side, filmed
    report     `Report`: report.html that stands alone, its pictures inside it and as files beside

Whatever a user does wrong is raised as `tailrace.apps.errors.UserError` with one line that says
what, where and what to do; `tailrace` prints it on stderr and ends with status 2. What is written
for the user is written only once the input is known to be good. Ctrl-C during training ends it
after the step under way (`display.stopping`), what was learnt is saved, the command says how to go
on and returns `display.INTERRUPTED`. A run ends with a table on held-out data that has a simple
baseline in it, and with a report. Applications import `tailrace` (the public API), this package and
one another's text tools, nothing else of the engine.
"""
