"""What slots hold and held: registered versions, frozen files, the stack's history."""
