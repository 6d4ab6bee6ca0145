"""`tensorflow.python.tools.saved_model_cli`, also a command (`python -m`)."""

from tailrace.library.tools.saved_model_cli import (
    create_parser,
    get_meta_graph_def,
    get_signature_def_map,
    main,
    run_saved_model_with_feed_dict,
    show,
)

if __name__ == "__main__":
    raise SystemExit(main())
