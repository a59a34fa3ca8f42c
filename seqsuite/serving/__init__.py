"""Export to SavedModels, and answers from an exported model."""
