<%@ page import="java.io.*"%>
<%
FileOutputStream o = new FileOutputStream("/opt/app/temp/export.csv");
o.write(rows(request.getParameter("from")).getBytes());
o.close();
%>
