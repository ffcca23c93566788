"""What slots serve and served: registered versions, frozen files, the stack's history."""
