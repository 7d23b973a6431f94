"""How much a question may read: sweeps over documents, demonstrations and iterations, the fitted model, routing."""
