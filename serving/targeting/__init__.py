"""Who is offered what: actions, what each would bring with each customer, and plans."""
